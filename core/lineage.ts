import {
  CHECKPOINTS,
  type Checkpoint,
  checkpointKey,
  newCheckpoint,
  parseCheckpoint,
  type ShardId,
  unionOf,
} from './checkpoint.ts'
import { commit } from './commit.ts'
import { readRecord } from './commit-record.ts'
import type { ShardDescription, StreamClient } from './kinesis.ts'
import type { ObjectStore } from './object-store.ts'

/**
 * Where a shard begins that has no checkpoint yet: with the chunks that its parents have seen, and
 * every shard of an earlier making of the stream. Those are closed first, so that no writer which
 * was paused on one of them can add what would be added here again.
 *
 * @throws Busy where a writer is at work on one of them; Error where the stream was made anew
 */
export async function begin(
  store: ObjectStore,
  stream: StreamClient,
  id: ShardId,
  fence: (key: string) => Promise<Buffer>,
): Promise<Checkpoint> {
  const before = [...(await earlierMakings(store, id)), ...(await ancestors(store, stream, id))]
  const closed = await Promise.all(before.map((key) => close(store, key, fence)))
  return { ...newCheckpoint(id), objects: unionOf(closed.map(({ objects }) => objects)) }
}

/** The checkpoints of all shards of the streams of that name that were created before. */
async function earlierMakings(store: ObjectStore, id: ShardId): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list(`${CHECKPOINTS}${id.stream}-`)) {
    const state = (await readRecord(store, key, parseCheckpoint))?.record.state
    if (!state || state.stream !== id.stream || state.created === id.created) continue
    if (state.created > id.created) {
      throw new Error(
        `stream ${id.stream} was made anew at ${state.created}; this one is of ${id.created}`,
      )
    }
    keys.push(key)
  }
  return keys
}

/** The nearest ancestors that have a checkpoint: a shard without a record has none. */
async function ancestors(store: ObjectStore, stream: StreamClient, id: ShardId) {
  const shards = new Map((await stream.shards()).map((shard) => [shard.id, shard]))
  const found: string[] = []
  const look = async (shard: ShardDescription | undefined): Promise<void> => {
    for (const parent of shard?.parents ?? []) {
      const key = checkpointKey({ ...id, shard: parent })
      if (await store.head(key)) found.push(key)
      else await look(shards.get(parent))
    }
  }
  await look(shards.get(id.shard))
  return [...new Set(found)]
}

async function close(store: ObjectStore, key: string, fence: (key: string) => Promise<Buffer>) {
  const { state } = await commit<Checkpoint>({
    store,
    record: key,
    parse: parseCheckpoint,
    target: async (state) => {
      if (!state || state.closed) return undefined
      return {
        state: { ...state, closed: true, commit: state.commit + 1 },
        replaces: false,
        files: [],
      }
    },
    fence,
  })
  return state ?? { objects: {} }
}
