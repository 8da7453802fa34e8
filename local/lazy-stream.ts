import type { StreamClient } from '../core/stream/kinesis.ts'

/** A stream that is started by the first call, of which there may be none. */
export function lazyStream(name: string, start: () => Promise<StreamClient>): StreamClient {
  let started: Promise<StreamClient> | undefined
  const client = () => {
    started ??= start().catch((error: unknown) => {
      started = undefined
      throw error
    })
    return started
  }
  return {
    name,
    describe: async () => (await client()).describe(),
    shards: async () => (await client()).shards(),
    put: async (records) => (await client()).put(records),
    iterator: async (shard, from) => (await client()).iterator(shard, from),
    get: async (iterator, limit) => (await client()).get(iterator, limit),
  }
}
