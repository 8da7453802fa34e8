import { createHash } from 'node:crypto'
import type {
  ShardDescription,
  StreamClient,
  StreamDescription,
  StreamedRecord,
  StreamPage,
  StreamRecord,
} from '../core/stream/kinesis.ts'

/** Partition keys are spread over 128 bits of MD5, as Kinesis does. */
const hashes = 2n ** 128n

interface Shard {
  id: string
  parents: string[]
  children: string[]
  /** The hashes that it takes: from `first` on, up to and without `end`. */
  first: bigint
  end: bigint
  closed: boolean
  records: StreamedRecord[]
}

/**
 * A stream in memory that obeys Kinesis' rules, the awkward ones too. Sequence numbers are beyond
 * 64 bits, have gaps, and not all the same number of digits. The answer with a closed shard's last
 * records says that it has ended (kinesis-local), or not yet (AWS; here shards of odd number). Now
 * and then an answer is empty though more is to come. `behind` is about time, and so 0 while there
 * are more records of the same millisecond (kinesis-local). An iterator of a stream that was made
 * anew since is no good.
 */
export class MemoryStream implements StreamClient {
  readonly name: string
  #created = new Date(Date.UTC(2026, 0, 1))
  #shards: Shard[] = []
  /** A few records below a power of ten, so that comparing as text goes wrong. */
  #last = 10n ** 55n - 20_000n
  #gets = 0

  constructor(name: string, shards = 2) {
    this.name = name
    this.#fill(shards)
  }

  /** Deletes the stream with all it holds, and makes another of that name. */
  recreate(shards = 2): void {
    this.#created = new Date(this.#created.getTime() + 60_000)
    this.#fill(shards)
  }

  /** Ends a shard; two take over, a half of its keys each. Returns their ids. */
  split(id: string): [string, string] {
    const parent = this.#open(id)
    const middle = (parent.first + parent.end) / 2n
    const halves: [Shard, Shard] = [
      this.#add([parent], parent.first, middle),
      this.#add([parent], middle, parent.end),
    ]
    return [halves[0].id, halves[1].id]
  }

  /** Ends two neighbours; one takes over. Returns its id. */
  merge(one: string, two: string): string {
    const [low, high] = [this.#open(one), this.#open(two)].sort((a, b) =>
      a.first < b.first ? -1 : 1,
    )
    if (low?.end !== high?.first) throw new Error(`${one} and ${two} are not neighbours`)
    return this.#add([this.#open(one), this.#open(two)], low!.first, high!.end).id
  }

  async describe(): Promise<StreamDescription> {
    const arn = `arn:aws:kinesis:us-east-1:000000000000:stream/${this.name}`
    return { name: this.name, created: this.#created.toISOString(), arn, status: 'ACTIVE' }
  }

  async shards(): Promise<ShardDescription[]> {
    return this.#shards.map(({ id, parents, closed }) => ({ id, parents: [...parents], closed }))
  }

  async put(records: StreamRecord[]): Promise<void> {
    for (const { data, partitionKey } of records) {
      const hash = BigInt(`0x${createHash('md5').update(partitionKey).digest('hex')}`)
      const shard = this.#shards.find(
        ({ first, end, closed }) => !closed && first <= hash && hash < end,
      )
      this.#last += 1n + (hash % 999n)
      const sequenceNumber = String(this.#last)
      const record = { sequenceNumber, partitionKey, data: Buffer.from(data), arrived: new Date() }
      shard?.records.push(record)
    }
  }

  /** All records of a shard, as no Kinesis tells them. */
  all(id: string): StreamedRecord[] {
    return [...this.#shard(id).records]
  }

  async iterator(id: string, from: 'TRIM_HORIZON' | { after: string }): Promise<string> {
    const { records } = this.#shard(id)
    if (from === 'TRIM_HORIZON') return this.#iterator(id, 0)
    const next = records.findIndex((each) => BigInt(each.sequenceNumber) > BigInt(from.after))
    return this.#iterator(id, next === -1 ? records.length : next)
  }

  async get(iterator: string, limit: number): Promise<StreamPage> {
    const [created, id = '', place = ''] = iterator.split(' ')
    if (created !== this.#created.toISOString()) throw fault('ExpiredIteratorException', iterator)
    const { records, closed, children } = this.#shard(id)
    const start = Number(place)
    const isHiccup = start < records.length && ++this.#gets % 5 === 0
    const page = isHiccup ? [] : records.slice(start, start + limit)
    const end = start + page.length
    const saysEnd = closed && end === records.length
    if (saysEnd && (page.length === 0 || /[02468]$/.test(id))) {
      return { records: page, next: undefined, behind: 0, children: [...children] }
    }
    const [last, newest] = [page.at(-1)?.arrived ?? 0, records.at(-1)?.arrived ?? 0]
    const behind = isHiccup ? 1_000 : page.length > 0 ? Number(newest) - Number(last) : 0
    return { records: page, next: this.#iterator(id, end), behind, children: [] }
  }

  #fill(count: number): void {
    this.#shards = []
    for (let n = 0n; n < count; n++) {
      this.#add([], (hashes * n) / BigInt(count), (hashes * (n + 1n)) / BigInt(count))
    }
  }

  #add(parents: Shard[], first: bigint, end: bigint): Shard {
    const id = `shardId-${String(this.#shards.length).padStart(12, '0')}`
    for (const parent of parents) {
      parent.closed = true
      parent.children.push(id)
    }
    const ids = parents.map((parent) => parent.id)
    const shard = { id, parents: ids, children: [], first, end, closed: false, records: [] }
    this.#shards.push(shard)
    return shard
  }

  #shard(id: string): Shard {
    const shard = this.#shards.find((each) => each.id === id)
    if (!shard) throw fault('ResourceNotFoundException', `${id} of stream ${this.name}`)
    return shard
  }

  #open(id: string): Shard {
    const shard = this.#shard(id)
    if (shard.closed) throw fault('InvalidArgumentException', `${id} is closed`)
    return shard
  }

  #iterator(id: string, place: number): string {
    return `${this.#created.toISOString()} ${id} ${place}`
  }
}

/** As the SDK throws: its name says what it is. */
function fault(name: string, message: string): Error {
  return Object.assign(new Error(message), { name })
}
