import { existsSync, realpathSync, statSync } from 'node:fs'
import { relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Lake } from '../core/lake.ts'
import { shellWord } from '../core/shell-word.ts'
import type { ObjectVersion } from '../core/store/object-store.ts'
import { usage } from './options.ts'

/** What is named on a command line: an object of Bronze, or a file that lies elsewhere. */
type Named = { version: ObjectVersion } | { path: string }

/**
 * What a path or a key means. A path that leads into the lake's folder means the object.
 *
 * @throws CommanderError for a folder, for what is nowhere, and for an object that is published
 */
export async function fileNamed({ store }: Lake, file: string): Promise<Named> {
  const within = keyOf(store.url, file)
  const keys = [file, ...(within === undefined ? [] : [within])]
  const key = keys.find((one) => /^(bronze|streaming)\/./.test(one))
  if (key?.startsWith('streaming/')) {
    const publish = `sluice publish ${shellWord(key)}`
    throw usage(`${file} is published, not loaded: \`sluice start\` does it, or \`${publish}\``)
  }
  const version = key === undefined ? undefined : await store.head(key)
  if (version) return { version }
  const found = statSync(file, { throwIfNoEntry: false })
  if (found?.isFile()) return { path: file }
  if (found?.isDirectory()) {
    throw usage(`${file} is a folder: name files; \`sluice start --once\` loads all of Bronze`)
  }
  throw usage(`there is no ${key === undefined ? 'file' : 'object'} ${key ?? file} in ${store.url}`)
}

/** The key of a path below the lake's folder. */
function keyOf(url: string, file: string): string | undefined {
  if (!url.startsWith('file://')) return undefined
  const path = existsSync(file) ? realpathSync(file) : resolve(file)
  const key = relative(fileURLToPath(url), path).split(sep).join('/')
  return key.startsWith('../') || key.startsWith('/') ? undefined : key
}
