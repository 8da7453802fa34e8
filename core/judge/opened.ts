import type { LocalCopy, ObjectStore, ObjectVersion } from '../store/object-store.ts'
import type { Member } from './together.ts'

/** A version of an object that is open on this machine. */
export interface Opened extends Member {
  version: ObjectVersion
  copy: LocalCopy
}

/** Opens versions for as long as the work takes; one that cannot be opened is left out. */
export async function withOpened<T>(
  store: ObjectStore,
  versions: ObjectVersion[],
  work: (opened: Opened[]) => Promise<T>,
): Promise<T> {
  const opening = versions.map(async (version): Promise<Opened> => {
    const copy = await store.open(version)
    return { key: version.key, path: copy.path, version, copy }
  })
  const opened = (await Promise.allSettled(opening)).flatMap((one) => {
    return one.status === 'fulfilled' ? [one.value] : []
  })
  try {
    return await work(opened)
  } finally {
    await Promise.all(opened.map(({ copy }) => copy.release()))
  }
}
