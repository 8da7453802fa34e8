import type { Database, Transaction } from '../core/database/database.ts'
import type { ObjectStore } from '../core/store/object-store.ts'
import type { StreamClient } from '../core/stream/kinesis.ts'

/** Counts the moments around everything that a process does to the world, and dies at one. */
export class Mortal {
  /** What the moments were, so far. */
  readonly moments: string[] = []
  readonly #death: number

  /** @param death the number of the moment to die at, from 1; 0: it lives */
  constructor(death: number) {
    this.#death = death
  }

  /** The store, as this process sees it. */
  store(store: ObjectStore): ObjectStore {
    return this.#around(store, ['put', 'delete'], ['head', 'get', 'open', 'list'])
  }

  stream(stream: StreamClient): StreamClient {
    return this.#around(stream, ['put'], ['describe', 'shards', 'iterator', 'get'])
  }

  database(database: Database): Database {
    const transaction: Database['transaction'] = async (work) => {
      this.#pass('before BEGIN')
      const done = await database.transaction(async (tx) => {
        const result = await work(this.#transaction(tx))
        this.#pass('before COMMIT')
        return result
      })
      this.#pass('after COMMIT')
      return done
    }
    const around = this.#around(database, ['query', 'execute'], ['read'])
    return new Proxy(around, {
      get: (target, name) => (name === 'transaction' ? transaction : Reflect.get(target, name)),
    })
  }

  #transaction(tx: Transaction): Transaction {
    const copy: Transaction['copy'] = async (into, rows) => {
      rows.once('data', () => this.#pass(`within COPY ${into.table}`))
      rows.pause()
      return tx.copy(into, rows)
    }
    const around = this.#around(tx, [], ['query', 'read', 'execute', 'script', 'lock', 'attempt'])
    return new Proxy(around, {
      get: (target, name) => (name === 'copy' ? copy : Reflect.get(target, name)),
    })
  }

  /** A moment before each of these calls, and after those that change something for good. */
  #around<T extends object>(target: T, changes: (keyof T)[], others: (keyof T)[]): T {
    return new Proxy(target, {
      get: (_, name) => {
        const found: unknown = Reflect.get(target, name)
        if (typeof found !== 'function') return found
        const doesChange = changes.some((one) => one === name)
        if (!doesChange && !others.some((one) => one === name)) return found.bind(target)
        return (...args: unknown[]) => {
          const what = `${String(name)} ${shown(args[0])}`
          this.#pass(`before ${what}`)
          const answer: unknown = found.apply(target, args)
          if (!doesChange) return answer
          return Promise.resolve(answer).then((done) => {
            this.#pass(`after ${what}`)
            return done
          })
        }
      },
    })
  }

  #pass(moment: string): void {
    if (this.moments.push(moment) !== this.#death) return
    process.kill(process.pid, 'SIGKILL')
    // Nothing more is done until the signal has come.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  }
}

function shown(first: unknown): string {
  return typeof first === 'string' ? first.replaceAll(/\s+/g, ' ').slice(0, 60) : ''
}
