import * as fs from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { onlyIfThere } from './private-file.ts'

/**
 * Makes the links between Postgres' libraries, as the install script of their package does where
 * npm lets it run: with --ignore-scripts, or without the leave that npm may ask for, it does not.
 *
 * @param native the package's folder of binaries and libraries
 * @throws Error that says what to run, where they are missing and cannot be made
 */
export async function linkLibraries(native: string): Promise<void> {
  const list = await onlyIfThere(fs.readFile(join(native, 'pg-symlinks.json'), 'utf8'))
  const links: { source: string; target: string }[] = JSON.parse(list ?? '[]')
  for (const { source, target } of links) {
    const path = join(dirname(native), target)
    if (await onlyIfThere(fs.stat(path))) continue
    try {
      await fs.symlink(basename(source), path)
    } catch (cause) {
      // Another process may have been first.
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') continue
      const cure = 'run as who may: npm rebuild --ignore-scripts=false; or set DATABASE_URL'
      throw new Error(`${path} is missing, and cannot be made: ${cure}`, { cause })
    }
  }
}
