import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { type PutOptions, putRecords, type Send } from './put-records.ts'

/** A request that takes longer is given up, and tried again by the SDK. */
const connectMs = 5_000
const requestMs = 60_000

export interface StreamRecord {
  data: Buffer
  /** 1 to 256 characters; its hash decides on the shard. */
  partitionKey: string
}

/** A record as it stands in a shard. */
export interface StreamedRecord extends StreamRecord {
  /** A decimal integer beyond 64 bits: compare as BigInt, never as text or number. */
  sequenceNumber: string
  arrived: Date
}

/** What is known of a stream. */
export interface StreamDescription {
  name: string
  /** ISO 8601. A stream that was deleted and made again has another. */
  created: string
  arn: string
  /** CREATING, ACTIVE, UPDATING or DELETING. */
  status: string
}

export interface ShardDescription {
  id: string
  /** One after a split, two after a merge; some may be gone already, with their last record. */
  parents: string[]
  /** Whether it takes no more records, as it was split or merged. */
  closed: boolean
}

/** One answer of GetRecords. */
export interface StreamPage {
  /** Perhaps none, even where there are more to come. */
  records: StreamedRecord[]
  /** Where to go on; undefined: the shard has ended and is read to its end. */
  next: string | undefined
  /** MillisBehindLatest: 0 at the tip. */
  behind: number
  /** Shards that go on where this one ends; known at its end only. */
  children: string[]
}

export interface StreamClient {
  readonly name: string
  describe(): Promise<StreamDescription>
  /** All shards that still hold records, the closed ones too. */
  shards(): Promise<ShardDescription[]>
  /**
   * Resolves when the stream has taken every record. Each is in it once at least: one whose answer
   * was lost is sent again. Records of one key mostly keep their order, but AWS does not promise it
   * (those of a request that were refused arrive after the others), and nothing of ours needs it.
   *
   * @throws Error when the stream takes nothing for several attempts in a row
   */
  put(records: StreamRecord[]): Promise<void>
  iterator(shard: string, from: 'TRIM_HORIZON' | { after: string }): Promise<string>
  /** @param limit of records, 10,000 at most */
  get(iterator: string, limit: number): Promise<StreamPage>
}

export interface StreamOptions extends PutOptions {
  /** An emulator's address; credentials and region do not matter then. Default: AWS's, by env. */
  endpoint?: string
}

interface Sdk {
  kinesis: typeof import('@aws-sdk/client-kinesis')
  client: KinesisClient
}

/** A Kinesis data stream, which need not exist yet. Nothing is sent before the first call. */
export function openStream(name: string, options: StreamOptions = {}): StreamClient {
  return new KinesisStream(name, options)
}

class KinesisStream implements StreamClient {
  readonly name: string
  readonly #options: StreamOptions
  #loaded: Promise<Sdk> | undefined

  constructor(name: string, options: StreamOptions) {
    this.name = name
    this.#options = options
  }

  async describe(): Promise<StreamDescription> {
    const { StreamDescriptionSummary: told } = await this.#call(({ kinesis, client }) =>
      client.send(new kinesis.DescribeStreamSummaryCommand({ StreamName: this.name })),
    )
    if (!told?.StreamARN || !told.StreamCreationTimestamp || !told.StreamStatus) {
      return this.#toldTooLittle()
    }
    const created = told.StreamCreationTimestamp.toISOString()
    return { name: this.name, created, arn: told.StreamARN, status: told.StreamStatus }
  }

  async shards(): Promise<ShardDescription[]> {
    const shards: ShardDescription[] = []
    let NextToken: string | undefined
    do {
      // A token stands for the stream; AWS refuses both together.
      const input = NextToken ? { NextToken } : { StreamName: this.name }
      const page = await this.#call(({ kinesis, client }) =>
        client.send(new kinesis.ListShardsCommand(input)),
      )
      for (const shard of page.Shards ?? this.#toldTooLittle()) {
        const parents = [shard.ParentShardId, shard.AdjacentParentShardId].filter(
          (id) => id !== undefined,
        )
        const closed = !!shard.SequenceNumberRange?.EndingSequenceNumber
        shards.push({ id: shard.ShardId ?? '', parents, closed })
      }
      NextToken = page.NextToken
    } while (NextToken)
    return shards
  }

  put(records: StreamRecord[]): Promise<void> {
    const send: Send = async (some) => {
      const Records = some.map((each) => ({ Data: each.data, PartitionKey: each.partitionKey }))
      const answer = await this.#call(({ kinesis, client }) =>
        client.send(new kinesis.PutRecordsCommand({ StreamName: this.name, Records })),
      )
      return answer.Records ?? []
    }
    return putRecords(this.name, records, send, this.#options)
  }

  async iterator(shard: string, from: 'TRIM_HORIZON' | { after: string }): Promise<string> {
    const place =
      from === 'TRIM_HORIZON'
        ? { ShardIteratorType: from }
        : {
            ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' as const,
            StartingSequenceNumber: from.after,
          }
    const input = { StreamName: this.name, ShardId: shard, ...place }
    const { ShardIterator } = await this.#call(({ kinesis, client }) =>
      client.send(new kinesis.GetShardIteratorCommand(input)),
    )
    if (!ShardIterator) throw new Error(`Kinesis gave no iterator of ${this.name}, ${shard}`)
    return ShardIterator
  }

  async get(iterator: string, limit: number): Promise<StreamPage> {
    const answer = await this.#call(({ kinesis, client }) =>
      client.send(new kinesis.GetRecordsCommand({ ShardIterator: iterator, Limit: limit })),
    )
    const records = (answer.Records ?? this.#toldTooLittle()).map((record) => ({
      sequenceNumber: record.SequenceNumber ?? '',
      partitionKey: record.PartitionKey ?? '',
      data: asBuffer(record.Data ?? new Uint8Array()),
      arrived: record.ApproximateArrivalTimestamp ?? new Date(0),
    }))
    const children = (answer.ChildShards ?? []).map((shard) => shard.ShardId ?? '')
    // The protocol's null means the same as its absence.
    const next = answer.NextShardIterator ?? undefined
    return { records, next, behind: answer.MillisBehindLatest ?? 0, children }
  }

  /** An answer that lost its body on the way parses as `{}`: no shards, a shard that has ended. */
  #toldTooLittle(): never {
    throw new Error(`Kinesis told too little of stream ${this.name}; ask again`)
  }

  async #call<T>(work: (sdk: Sdk) => Promise<T>): Promise<T> {
    this.#loaded ??= load(this.#options.endpoint)
    const sdk = await this.#loaded
    try {
      return await work(sdk)
    } catch (cause) {
      if (!(cause instanceof Error) || cause.name !== 'ResourceNotFoundException') throw cause
      const where = this.#options.endpoint ?? (await sdk.client.config.region())
      throw new Error(
        `stream ${this.name} or the shard asked for is not in ${where} (${cause.message}); ` +
          'check name, region and account, or make it: aws kinesis create-stream ' +
          `--stream-name ${this.name} --stream-mode-details StreamMode=ON_DEMAND`,
        { cause },
      )
    }
  }
}

/** Loaded at the first use, as s3-store does. The SDK's own handler speaks HTTP/2 only. */
async function load(endpoint: string | undefined): Promise<Sdk> {
  const kinesis = await import('@aws-sdk/client-kinesis')
  const { NodeHttpHandler } = await import('@smithy/node-http-handler')
  const requestHandler = new NodeHttpHandler({
    connectionTimeout: connectMs,
    requestTimeout: requestMs,
    throwOnRequestTimeout: true,
  })
  const emulator = endpoint && {
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'sluice', secretAccessKey: 'sluice' },
  }
  return { kinesis, client: new kinesis.KinesisClient({ requestHandler, ...emulator }) }
}

/** The same bytes; the SDK gives a Uint8Array, which may be a view of something larger. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
