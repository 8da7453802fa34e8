/** A lake: objects by key in a folder or a bucket, and a place beside them to work in. */
export { type Lake, openLake } from '../core/lake.ts'
export type { ObjectStore, ObjectVersion } from '../core/store/object-store.ts'
