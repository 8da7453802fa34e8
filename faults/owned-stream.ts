import { setTimeout as sleep } from 'node:timers/promises'
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  type Shard,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { openStream, type StreamClient } from '../core/stream/kinesis.ts'
import { type LocalKinesis, startKinesis } from '../local/kinesis.ts'

/** Where a record stands in a stream. */
export interface Stood {
  shard: string
  sequence: string
}

/** Beyond so many open shards they are merged. */
const MANY = 4
/** How long append may take a stream for the one that it was: AWS takes longer to delete one. */
const FORGOTTEN_MS = 6_000

/** A stream of kinesis-local, and what its owner does to it. */
export class OwnedStream {
  readonly name: string
  readonly endpoint: string
  readonly client: StreamClient
  readonly #kinesis: LocalKinesis
  readonly #owner: KinesisClient

  private constructor(name: string, kinesis: LocalKinesis) {
    const { endpoint } = kinesis
    this.name = name
    this.endpoint = endpoint
    this.#kinesis = kinesis
    this.client = openStream(name, { endpoint, maxRequestBytes: 1 << 20 })
    const credentials = { accessKeyId: 'owner', secretAccessKey: 'owner' }
    const requestHandler = new NodeHttpHandler()
    this.#owner = new KinesisClient({ endpoint, region: 'us-east-1', credentials, requestHandler })
  }

  static async start(name: string): Promise<OwnedStream> {
    return new OwnedStream(name, await startKinesis(name))
  }

  stop(): Promise<void> {
    return this.#kinesis.stop()
  }

  async put(Data: Buffer): Promise<Stood> {
    const input = { StreamName: this.name, Data, PartitionKey: `${Math.random()}` }
    const told = await this.#owner.send(new PutRecordCommand(input))
    return { shard: told.ShardId ?? '', sequence: told.SequenceNumber ?? '' }
  }

  /** Splits a shard, or merges two, by chance. @returns which */
  async reshard(random: () => number): Promise<'split' | 'merge'> {
    const open = await this.#openShards()
    const { length } = open
    if (length > 1 && (length >= MANY || random() < 0.4)) {
      const n = Math.floor(random() * (length - 1))
      const two = { ShardToMerge: open[n]?.ShardId, AdjacentShardToMerge: open[n + 1]?.ShardId }
      await this.#owner.send(new MergeShardsCommand({ StreamName: this.name, ...two }))
      await this.#active()
      return 'merge'
    }
    const shard = open[Math.floor(random() * length)]
    const { StartingHashKey: first = '0', EndingHashKey: last = '0' } = shard?.HashKeyRange ?? {}
    const middle = (BigInt(first) + BigInt(last)) / 2n
    const cut = { ShardToSplit: shard?.ShardId, NewStartingHashKey: String(middle) }
    await this.#owner.send(new SplitShardCommand({ StreamName: this.name, ...cut }))
    await this.#active()
    return 'split'
  }

  /** Deletes it with all that it holds, and makes another of its name. */
  async recreate(): Promise<void> {
    await this.#owner.send(new DeleteStreamCommand({ StreamName: this.name }))
    await sleep(FORGOTTEN_MS)
    await this.#owner.send(new CreateStreamCommand({ StreamName: this.name, ShardCount: 2 }))
    await this.#active()
  }

  /** In the order of their hashes, so that each is a neighbour of the next. */
  async #openShards(): Promise<Shard[]> {
    const { Shards = [] } = await this.#owner.send(new ListShardsCommand({ StreamName: this.name }))
    const first = (shard: Shard) => BigInt(shard.HashKeyRange?.StartingHashKey ?? 0)
    return Shards.filter((one) => !one.SequenceNumberRange?.EndingSequenceNumber).toSorted(
      (one, other) => (first(one) < first(other) ? -1 : 1),
    )
  }

  async #active(): Promise<void> {
    while ((await this.client.describe()).status !== 'ACTIVE') await sleep(50)
  }
}
