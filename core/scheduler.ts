import { setImmediate as turn } from 'node:timers/promises'
import type { ObjectStore } from './store/object-store.ts'

/** An integer from 0 up to, not including, `below`. */
export type Random = (below: number) => number

/** What a writer sees when the answer to its call is lost, whether the call was done or not. */
export class LostAnswer extends Error {
  override name = 'LostAnswer'
}

/** A point at which a writer waits for the scheduler: a call to be made, an answer, a pause. */
interface Point {
  /** Not before the clock shows this. */
  due: number
  /** Changes the store, if it was not changed yet. */
  call?: (() => Promise<void>) | undefined
  /** Lets the writer go on. */
  resume: () => void
  /** Lets the writer go on with a fault, as if no answer came. */
  lose?: () => void
}

interface Writer {
  points: Set<Point>
  /** A paused process: it takes no step before the clock shows this. */
  frozen: number
}

/**
 * Runs writers by turns at the calls of their stores: one call or answer a step. A call may be done
 * and unanswered, answered as lost before it is done (it arrives later, or never), or not return.
 */
export class Scheduler {
  clock = 0
  readonly #random: Random
  readonly #computes: boolean
  #writers: Writer[] = []
  /** Calls that are under way though nobody waits for them any more. */
  #underWay: (() => Promise<void>)[] = []
  #failed: unknown

  /** @param computes whether writers do work of their own between calls, which takes time */
  constructor(random: Random, computes = false) {
    this.#random = random
    this.#computes = computes
  }

  get live(): number {
    return this.#writers.length
  }

  /** A new writer: its view of the store, its pauses, and what runs it. */
  writer() {
    const writer: Writer = { points: new Set(), frozen: 0 }
    return {
      through: (store: ObjectStore) => this.#through(store, writer),
      pause: (ms: number, signal: AbortSignal) => this.#pause(ms, signal, writer),
      /** Stops all that the writer does, its renewals too, for so long. */
      freeze: (ms: number) => {
        writer.frozen = this.clock + ms
      },
      run: (work: Promise<void>) => {
        this.#writers.push(writer)
        const end = () => {
          this.#writers = this.#writers.filter((other) => other !== writer)
        }
        work.catch((fault) => (this.#failed ??= fault)).then(end)
      },
    }
  }

  /** kill -9: no call of one writer ever returns; what it has sent may still arrive. */
  kill(): void {
    const [writer] = this.#writers.splice(this.#random(this.#writers.length), 1)
    for (const { call } of writer?.points ?? []) if (call) this.#underWay.push(call)
  }

  /** Lets one writer take one step: any of them, or mostly one of the two begun last. */
  async step(which: 'any' | 'newest'): Promise<void> {
    await this.arrive(0.02)
    if (this.#computes) await this.#computed()
    const awake = this.#writers.filter(({ frozen }) => frozen <= this.clock)
    const among = which === 'any' || this.#random(10) === 0 ? awake : awake.slice(-2)
    const writer = among[this.#random(among.length)]
    const points = [...(writer?.points ?? [])].filter(({ due }) => due <= this.clock)
    const point = points[this.#random(points.length)]
    if (!writer || !point) return
    if (point.lose && this.#random(100) < 2) this.#lose(writer, point)
    else if (point.call) {
      await point.call()
      point.call = undefined
    } else {
      writer.points.delete(point)
      point.resume()
    }
    await settled()
    if (this.#failed) throw this.#failed
  }

  /** What is under way arrives, each with the probability. */
  async arrive(probability: number): Promise<void> {
    const sent = this.#underWay
    this.#underWay = []
    for (const call of sent) {
      if (this.#random(1000) < probability * 1000) await call()
      else this.#underWay.push(call)
    }
  }

  /** Until every writer has come to its next call: one that only pauses is still at work. */
  async #computed(): Promise<void> {
    const isAtWork = ({ points }: Writer) => ![...points].some(({ lose }) => lose)
    for (const end = performance.now() + 10_000; this.#writers.some(isAtWork); ) {
      if (performance.now() > end) throw new Error('a writer neither ends nor calls its store')
      await turn()
    }
    await settled()
  }

  #lose(writer: Writer, point: Point): void {
    if (point.call && this.#random(2) === 0) this.#underWay.push(point.call)
    writer.points.delete(point)
    point.lose?.()
  }

  #through(store: ObjectStore, writer: Writer): ObjectStore {
    const scheduled = <T>(call: () => Promise<T>) => this.#scheduled(writer, call)
    return {
      url: store.url,
      scratch: store.scratch,
      head: (key) => scheduled(() => store.head(key)),
      get: (key) => scheduled(() => store.get(key)),
      open: (version) => scheduled(() => store.open(version)),
      put: (key, body, when) => scheduled(() => store.put(key, body, when)),
      delete: (key) => scheduled(() => store.delete(key)),
      list: (...which) => store.list(...which),
      locate: (key) => store.locate(key),
    }
  }

  #scheduled<T>(writer: Writer, call: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    let answer: () => void = () => reject(new LostAnswer())
    writer.points.add({
      due: 0,
      call: () =>
        call().then(
          (value) => {
            answer = () => resolve(value)
          },
          (fault) => {
            answer = () => reject(fault)
          },
        ),
      resume: () => answer(),
      lose: () => reject(new LostAnswer('the answer was lost')),
    })
    return promise
  }

  #pause(ms: number, signal: AbortSignal, writer: Writer): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const point: Point = { due: this.clock + ms, resume: resolve }
    const abort = () => {
      writer.points.delete(point)
      resolve()
    }
    if (signal.aborted) return Promise.resolve()
    writer.points.add(point)
    signal.addEventListener('abort', abort, { once: true })
    return promise
  }
}

/** Until every writer waits at a point: nothing of theirs runs, and no file is being read. */
async function settled(): Promise<void> {
  do await turn()
  while (process.getActiveResourcesInfo().some((resource) => resource.startsWith('FS')))
}

/** The same numbers for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let a = seed | 0
  return (below) => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}
