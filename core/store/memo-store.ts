import type { ObjectStore } from './object-store.ts'

/** A store whose `head` looks once at each key: descriptors govern thousands of objects. */
export function memoryOf(store: ObjectStore): ObjectStore {
  const known = new Map<string, ReturnType<ObjectStore['head']>>()
  const head = (key: string) => {
    const found = known.get(key) ?? store.head(key)
    known.set(key, found)
    return found
  }
  return Object.create(store, { head: { value: head }, get: { value: store.get.bind(store) } })
}
