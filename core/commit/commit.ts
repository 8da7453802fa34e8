import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { Busy } from '../errors.ts'
import { inLanes } from '../lanes.ts'
import type { ObjectStore } from '../store/object-store.ts'
import {
  type CommitRecord,
  type Held,
  Lost,
  putRecord,
  readRecord,
  settle,
} from './commit-record.ts'

/** What a stage wants committed next. */
export interface Goal<S> {
  state: S
  /** Adds what is known only once the files lie there, such as how long that took. */
  sealed?: (state: S) => S
  /**
   * True: the new files stand for all before them, which are buried. False: they are added, and the
   * record keeps the names of the newest only, so that its size does not grow with the stream.
   */
  replaces: boolean
  /** Written already at the local `path`; `key` names each in the lake, the epoch in the name. */
  files: { path: string; key: (epoch: number) => string }[]
  /** Files of other records that the new ones stand for, too. */
  buries?: string[]
}

export interface CommitOptions<S> {
  store: ObjectStore
  /** The key of the record. */
  record: string
  /** Asked what is to be done over the state committed by then, again until nothing is. */
  target: (state: S | null) => Promise<Goal<S> | undefined>
  /** A zero-row Parquet file to put over the named dead file. */
  fence: (key: string) => Buffer | Promise<Buffer>
  /** Checks a stored state; it throws for a broken one. */
  parse?: (json: unknown) => S
  /** For how many ms others wait for a silent writer. Safety does not rest on it. */
  lease?: number
  /** After so many ms from its intent a writer gives up for good, as vacuum deletes old fences. */
  lifetime?: number
  /** The clock, in ms since 1970. */
  now?: () => number
  /** Ends after so many ms, or as soon as the signal is aborted; never throws. */
  pause?: (ms: number, signal: AbortSignal) => Promise<void>
}

export interface Outcome<S> {
  done: 'committed' | 'unchanged'
  state: S | null
  /** The fault that left dead files unburied, for the log: the next commit buries them. */
  unburied?: unknown
}

/** A writer that has lost so often, or for which things change as often, leaves the key for now. */
const ROUNDS = 20
/** Files on their way at a time. */
const LANES = 4
/** Longer than a Lambda function lives, far shorter than the grace period of fences. */
export const LIFETIME = 3_600_000

/**
 * Makes a stage's output final in the lake, once, whoever else tries, whatever crashes
 * (docs/explanation/commit-protocol.md). Local files stay the caller's to remove, but not to write
 * to again.
 *
 * @returns what the last round did: `committed`, or `unchanged` where it found nothing to do
 * @throws Busy if another writer's intent lives (its files may be under way), or others win again
 *   and again; faults of the store that persist, and whatever `target` throws, as they come
 */
export async function commit<S>(options: CommitOptions<S>): Promise<Outcome<S>> {
  const lake = {
    lease: 15_000,
    lifetime: LIFETIME,
    now: Date.now,
    pause,
    parse: (json: unknown) => json as S,
    ...options,
  }
  for (let round = 0; round < ROUNDS; round++) {
    try {
      const outcome = await commitRound(lake)
      // What `target` saw may have changed back meanwhile, and its event have ended as unchanged
      // over the state before this commit: nobody else would come for it.
      if (outcome.done === 'unchanged' || !(await lake.target(outcome.state))) return outcome
    } catch (fault) {
      if (!(fault instanceof Lost)) throw fault
    }
  }
  throw new Busy(`${lake.record}: not settled after ${ROUNDS} rounds; try again later`)
}

const nothing = { id: '', epoch: 0, state: null, files: [], writing: null, garbage: [] }

type Lake<S> = Required<CommitOptions<S>>

async function commitRound<S>(lake: Lake<S>): Promise<Outcome<S>> {
  const before = await readFree(lake)
  const { state, files, epoch, writing } = before.record
  const garbage = [...before.record.garbage, ...(writing?.files ?? [])]

  // 1. The files are written locally.
  const goal = await lake.target(state)
  if (!goal) return { done: 'unchanged', state, ...(await tidy(lake, before, garbage)) }
  const puts = goal.files.map(({ path, key }) => ({ path, key: key(epoch + 1) }))
  const keys = puts.map(({ key }) => key)

  let held = before
  if (keys.length > 0) {
    // 2. The intent: from here on these names are known, so a crash leaves nothing unknown behind.
    const end = lake.now() + lake.lifetime
    const intent = { files: keys, until: lake.now() + lake.lease }
    held = await change(lake, held, { epoch: epoch + 1, garbage, writing: intent })
    // 3. The files, which no reader takes for final yet.
    held = await putFiles(lake, held, puts, end)
  }

  // 4. THE COMMIT POINT: refused if anyone has touched the record since.
  const next = goal.sealed?.(goal.state) ?? goal.state
  held = await change(lake, held, {
    state: next,
    files: goal.replaces || keys.length > 0 ? keys : files,
    writing: null,
    garbage: [...garbage, ...(goal.replaces ? files : []), ...(goal.buries ?? [])],
  })

  // 5. Best effort: what is left is on the record, and the next commit buries it.
  return { done: 'committed', state: next, ...(await bury(lake, held)) }
}

/** The record, if no intent lives on it. */
async function readFree<S>(lake: Lake<S>): Promise<Held<S>> {
  const held = await readRecord(lake.store, lake.record, lake.parse)
  const until = held?.record.writing?.until ?? Number.NEGATIVE_INFINITY
  if (lake.now() < until) {
    const when = new Date(until).toISOString()
    throw new Busy(`${lake.record}: another writer is at work until ${when}; try again then`)
  }
  return held ?? { etag: undefined, record: nothing }
}

/** Buries what others left. A dead intent is taken off first, or its writer could still commit. */
async function tidy<S>(lake: Lake<S>, held: Held<S>, garbage: string[]) {
  if (!held.record.writing) return bury(lake, held)
  return bury(lake, await change(lake, held, { writing: null, garbage }))
}

function change<S>(lake: Lake<S>, held: Held<S>, changes: Partial<CommitRecord<S>>) {
  return putRecord(lake.store, lake.record, held, changes)
}

/** Puts the files while the intent is renewed. Ends, well or not, with no call under way. */
async function putFiles<S>(
  lake: Lake<S>,
  intent: Held<S>,
  files: { path: string; key: string }[],
  end: number,
) {
  const stop = new AbortController()
  const renewing = renew(lake, intent, stop.signal)
  renewing.catch(() => stop.abort())
  const put = (file: { path: string; key: string }) => {
    if (lake.now() > end) throw new Busy(`${lake.record}: its writer was paused for too long`)
    return putFile(lake, file)
  }
  const putting = inLanes(files, LANES, put, stop.signal)
  await Promise.allSettled([putting])
  stop.abort()
  const renewed = await renewing
  await putting
  return renewed
}

/** Renews the intent whenever a third of its lease has gone, one PUT at a time, until stopped. */
async function renew<S>(lake: Lake<S>, intent: Held<S>, stop: AbortSignal): Promise<Held<S>> {
  const files = intent.record.writing?.files ?? []
  let held = intent
  for (;;) {
    await lake.pause(lake.lease / 3, stop)
    if (stop.aborted) return held
    held = await change(lake, held, { writing: { files, until: lake.now() + lake.lease } })
  }
}

/** @throws Lost if a fence stands there: our time was over, and another has buried the name */
async function putFile<S>({ store }: Lake<S>, file: { path: string; key: string }): Promise<void> {
  const put = () => store.put(file.key, { file: file.path, given: true }, { ifNoneMatch: true })
  await settle(put, async () => {
    const found = await store.head(file.key)
    if (!found || found.size !== (await stat(file.path)).size) return undefined
    const copy = await store.open(found)
    try {
      const same = (await digest(copy.path)) === (await digest(file.path))
      await copy.verify()
      return same ? found : undefined
    } finally {
      await copy.release()
    }
  })
}

async function digest(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

/** Puts a fence over every dead name, then takes those names off the record. Never throws. */
async function bury<S>(lake: Lake<S>, held: Held<S>): Promise<{ unburied?: unknown }> {
  const { garbage } = held.record
  if (garbage.length === 0) return {}
  try {
    await inLanes(garbage, LANES, async (key) => {
      const fence = await lake.fence(key)
      await settle(() => lake.store.put(key, fence), never)
    })
    await change(lake, held, { garbage: [] })
    return {}
  } catch (fault) {
    // Whoever changed the record meanwhile holds the same names, and buries them.
    return fault instanceof Lost ? {} : { unburied: fault }
  }
}

const never = async () => undefined

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // Aborting is the only way in which it throws, and means that there is nothing to wait for.
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
