import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs/promises'

/** Writes a file that only its owner reads (0600), whole: readers see all of it or none. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomBytes(4).toString('hex')}`
  await fs.writeFile(draft, text, { mode: 0o600 })
  await fs.rename(draft, file)
}

/** What the file operation gives; or undefined where there is no such file, folder or process. */
export async function onlyIfThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    // A file of /proc says ESRCH where its process ends while it is read.
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}
