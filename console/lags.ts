import { setTimeout as sleep } from 'node:timers/promises'
import type { StreamClient } from '../core/stream/kinesis.ts'
import type { ShardStatus } from '../core/stream/stream-status.ts'
import { Paced } from './paced.ts'

export interface Lag {
  /** By shard: milliseconds that the oldest record which is not committed has waited; 0: none. */
  lags: Map<string, number>
  /** Why there are none. */
  why: string | null
}

type Shard = Pick<ShardStatus, 'created' | 'shard' | 'position' | 'closed'>

/** Of a shard all who read it have five looks a second: the stream's own reader needs them more. */
const LOOK_MS = 5_000
/** A page waits no longer for a stream that does not answer; the next one has what it says then. */
const PATIENCE_MS = 2_000

/** Asks a stream how far behind its tip the checkpoints are. */
export class Lags {
  readonly #stream: StreamClient
  readonly #looks = new Paced(() => this.#look(), LOOK_MS)
  #shards: Shard[] = []

  constructor(stream: StreamClient) {
    this.#stream = stream
  }

  /** @param shards those of this stream, as their checkpoints are now */
  async of(shards: Shard[]): Promise<Lag> {
    this.#shards = shards
    const late = sleep(PATIENCE_MS, undefined, { ref: false })
    const seen = await Promise.race([this.#looks.fresh(), late])
    return seen ?? this.#looks.seen ?? { lags: new Map(), why: 'the stream has not answered yet' }
  }

  async #look(): Promise<Lag> {
    try {
      const { created } = await this.#stream.describe()
      const own = this.#shards.filter((one) => one.created === created && !one.closed)
      const found = await Promise.all(
        own.map(async (one) => [one.shard, await this.#lagOf(one)] as const),
      )
      return { lags: new Map(found), why: null }
    } catch (error) {
      // No credentials, no such stream, too many readers: all else of the page is to be seen.
      return { lags: new Map(), why: error instanceof Error ? error.message : String(error) }
    }
  }

  async #lagOf({ shard, position }: Shard): Promise<number> {
    const from = position === '' ? 'TRIM_HORIZON' : { after: position }
    const { records, behind } = await this.#stream.get(await this.#stream.iterator(shard, from), 1)
    const [first] = records
    return first ? Math.max(behind, Date.now() - first.arrived.getTime()) : behind
  }
}
