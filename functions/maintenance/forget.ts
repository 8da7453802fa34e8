import type { ObjectStore } from '../../core/store/object-store.ts'
import { CHECKPOINTS } from '../../core/stream/checkpoint.ts'
import { RESULTS } from '../../core/stream/stream-files.ts'

/**
 * Removes all that streams have become in a lake, so that they can begin anew: checkpoints and
 * records of publications first, since files that stand without them are noticed
 * (core/stream/recovery.ts), and what stands without its files is not. Nothing may be appending
 * meanwhile.
 *
 * @returns how many objects were removed
 */
export async function forget(store: ObjectStore): Promise<number> {
  let removed = 0
  const trees: [string, (key: string) => boolean][] = [
    [CHECKPOINTS, () => true],
    [RESULTS, () => true],
    ['quarantine/', (key) => key.split('/').at(-2) === 'stream'],
  ]
  for (const [prefix, isOfStream] of trees) {
    const keys: string[] = []
    for await (const { key } of store.list(prefix)) if (isOfStream(key)) keys.push(key)
    for (const key of keys) await store.delete(key)
    removed += keys.length
  }
  return removed
}
