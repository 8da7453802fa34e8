import { setTimeout as sleep } from 'node:timers/promises'
import { isDescriptor } from '../core/contract/catalog.ts'
import { logFault, logOutcome, logWarning } from '../core/log.ts'
import { none, type Outcome } from '../core/outcome.ts'
import type { ObjectStore } from '../core/store/object-store.ts'
import { type Handler, Lane } from './lane.ts'
import { inLevels } from './order.ts'
import { settledNow } from './settled.ts'
import { watch } from './watcher.ts'

/** What fails is told after some 8 s, and tried for ever, every 10 s at last. */
const patience = { tries: 6, first: 250, longest: 10_000, forever: true }

export interface FolderWorkerOptions {
  stage: Outcome['stage']
  store: ObjectStore
  /** Where the lake lies. */
  folder: string
  prefixes: string[]
  /** @param report is told how each object ended */
  handler: (report: (outcome: Outcome) => void) => Handler
  /** Events at once, and the objects of one (1). */
  width: number
  most?: number
  /** Whether several containers do the same, so that each is to take objects in another order. */
  shared: boolean
  /** Milliseconds between two looks for what the kernel did not tell of, as with network mounts. */
  rescan?: number
}

/**
 * A stage over a mounted folder, in the place of S3's events and SQS: what stands there at the
 * start, whatever comes, and, so that nothing is missed, whatever a look now and then finds
 * changed.
 * Several containers may do so at once.
 */
export class FolderWorker {
  readonly #options: FolderWorkerOptions
  readonly #lane: Lane
  readonly #failed = new Map<string, Outcome>()
  readonly #stopping = new AbortController()
  /** Why folders were left out the last time. */
  #closed = new Set<string>()
  /** The eTags that were handed on, by their keys. */
  #seen = new Map<string, string>()
  #watchers: { close(): Promise<void> }[] = []
  #rescans: Promise<void> = Promise.resolve()

  constructor(options: FolderWorkerOptions) {
    this.#options = options
    const { stage, handler, width, most = 1, shared } = options
    const report = (outcome: Outcome) => this.#report(outcome)
    this.#lane = new Lane(options.folder, handler(report), patience, { width, most, shared })
    this.#lane.givenUp = (key, error) => {
      const failed = this.#failuresOf(key)
      for (const outcome of failed) logOutcome(outcome)
      const reason = String(error ?? 'no answer')
      const unknown = { stage, object: key, dataset: undefined, reason, seconds: 0, ...none }
      if (failed.length === 0) logOutcome({ ...unknown, status: 'failed' })
    }
  }

  /** Resolves when all that stands there is on its way, and nothing that comes can be missed. */
  async start(): Promise<void> {
    const { folder, prefixes } = this.#options
    const arrived = (key: string) => {
      this.#lane.add(key)
      void this.#remember(key)
    }
    this.#watchers = await Promise.all(prefixes.map((prefix) => watch(folder, prefix, arrived)))
    await this.#scan()
    this.#rescans = this.#rescan()
  }

  /** Hands all on once more: what is settled costs a look. */
  again(): void {
    for (const key of this.#seen.keys()) if (!isDescriptor(key)) this.#lane.add(key)
  }

  /** Takes nothing more; resolves when what runs has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#watchers.map((watcher) => watcher.close()))
    await this.#lane.close()
    await this.#rescans
  }

  /** A descriptor that was there before its objects has nothing to let through. */
  async #scan(): Promise<void> {
    const found = await this.#changed()
    const keys = found.filter((key) => !isDescriptor(key))
    for (const level of await inLevels(this.#options.store, keys)) {
      for (const key of level) this.#lane.add(key)
    }
  }

  async #rescan(): Promise<void> {
    const { signal } = this.#stopping
    const { rescan = 30_000 } = this.#options
    while (!signal.aborted) {
      await sleep(rescan, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      const found = await this.#changed().catch((fault: unknown) => {
        logFault(`${this.#options.folder} could not be listed; it is tried again`, fault)
        return []
      })
      for (const key of found) this.#lane.add(key)
    }
  }

  /** The keys that are new, or stand in another version than was handed on. */
  async #changed(): Promise<string[]> {
    const now = new Map<string, string>()
    const changed: string[] = []
    const closed = new Set<string>()
    const denied = (fault: Error) => {
      closed.add(fault.message)
      if (!this.#closed.has(fault.message)) logWarning('a folder is left out', fault)
    }
    for (const prefix of this.#options.prefixes) {
      for await (const { key, etag } of settledNow(this.#options.store, prefix, denied)) {
        if (this.#seen.get(key) !== etag) changed.push(key)
        now.set(key, etag)
      }
    }
    this.#seen = now
    this.#closed = closed
    return changed
  }

  /** A descriptor fails by the objects that it lets through. */
  #failuresOf(key: string): Outcome[] {
    const folder = key.slice(0, key.lastIndexOf('/') + 1)
    const isOf = (object: string) =>
      isDescriptor(key) ? object.startsWith(folder) : object === key
    return [...this.#failed.values()].filter(({ object }) => isOf(object))
  }

  /** What the watcher told of is nothing new to the next look. */
  async #remember(key: string): Promise<void> {
    const version = await this.#options.store.head(key).catch(() => undefined)
    if (version) this.#seen.set(key, version.etag)
  }

  /** A failure may pass, and is told when patience is over; what is unchanged is no news. */
  #report(outcome: Outcome): void {
    if (outcome.status === 'failed') this.#failed.set(outcome.object, outcome)
    else this.#failed.delete(outcome.object)
    if (outcome.status !== 'failed' && outcome.status !== 'unchanged') logOutcome(outcome)
  }
}
