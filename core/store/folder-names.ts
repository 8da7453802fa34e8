import { isUtf8 } from 'node:buffer'
import { type Dirent, rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import type { Denied } from './object-store.ts'

/**
 * The names of files and (with a slash at their end) folders, in the order of their bytes: as S3
 * sorts whole keys, `a-b` comes before `a/b`. A name that is not UTF-8 can be no key. None where
 * the folder is gone.
 *
 * @param denied told of a folder that may not be read, of which there are none then, too
 */
export async function namesIn(folder: string, denied?: Denied): Promise<string[]> {
  const options = { withFileTypes: true, encoding: 'buffer' } as const
  try {
    return sorted(await readdir(folder, options))
  } catch (error) {
    if (isCode(error, 'ENOENT')) return []
    if (!denied || !isDenied(error)) throw error
    denied(error as Error)
    return []
  }
}

function sorted(entries: Dirent<Buffer>[]): string[] {
  const names: Buffer[] = []
  for (const entry of entries) {
    if (!isUtf8(entry.name)) continue
    if (entry.isFile()) names.push(entry.name)
    else if (entry.isDirectory()) names.push(Buffer.concat([entry.name, Buffer.from('/')]))
  }
  return names.sort(Buffer.compare).map((name) => name.toString())
}

/** Removes it with all below; what another user has left, and may not be removed, stays. */
export function removeOwn(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch (error) {
    if (!isDenied(error)) throw error
  }
}

/** Whether this process may not do it, as the owner and the mode of a file say. */
export function isDenied(error: unknown): boolean {
  return isCode(error, 'EACCES') || isCode(error, 'EPERM')
}

/** Whether the operating system failed with this code, as `ENOENT`. */
export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
