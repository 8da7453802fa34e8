import type { Lake } from '../core/lake.ts'
import type { ObjectStore } from '../core/store/object-store.ts'

/** What a process that dies throws: nothing of ours catches it. */
export class Crash extends Error {}

/** The lake with some of its store's methods replaced. */
export function instead(lake: Lake, methods: Partial<ObjectStore>): Lake {
  const store = new Proxy(lake.store, {
    get(target, name) {
      const value = Reflect.get(name in methods ? methods : target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { ...lake, store }
}

/** The lake as a process sees it that dies at its nth write: before it, or after it. */
export function dying(lake: Lake, nth: number, after: boolean): Lake & { calls: () => number } {
  let calls = 0
  const put = async (...args: Parameters<ObjectStore['put']>) => {
    if (calls >= nth) throw new Crash()
    calls++
    if (calls < nth) return lake.store.put(...args)
    if (after) await lake.store.put(...args)
    throw new Crash()
  }
  return { ...instead(lake, { put }), calls: () => calls }
}
