import { isUtf8 } from 'node:buffer'
import { readdir } from 'node:fs/promises'

/**
 * The names of files and (with a slash at their end) folders, in the order of their bytes: as S3
 * sorts whole keys, `a-b` comes before `a/b`. A name that is not UTF-8 can be no key. None where
 * the folder is gone.
 */
export async function namesIn(folder: string): Promise<string[]> {
  const options = { withFileTypes: true, encoding: 'buffer' } as const
  const entries = await readdir(folder, options).catch((error) => {
    if (isCode(error, 'ENOENT')) return []
    throw error
  })
  const names: Buffer[] = []
  for (const entry of entries) {
    if (!isUtf8(entry.name)) continue
    if (entry.isFile()) names.push(entry.name)
    else if (entry.isDirectory()) names.push(Buffer.concat([entry.name, Buffer.from('/')]))
  }
  return names.sort(Buffer.compare).map((name) => name.toString())
}

/** Whether the operating system failed with this code, as `ENOENT`. */
export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
