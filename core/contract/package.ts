import { Refused } from '../errors.ts'
import { shortHash } from '../names.ts'
import type { ObjectVersion } from '../store/object-store.ts'
import { datasetOf } from './contract.ts'
import { filesOf, type Outline, parseOutline, where } from './descriptor.ts'
import { globOf } from './glob.ts'

/** A descriptor as it stands: its resources' names and paths, or why it cannot be read. */
export interface Package {
  file: string
  folder: string
  outline: Outline | undefined
  broken: string | undefined
  hash: string
  /** The keys of its schemas and dialects that stand in files of their own. */
  parts: string[]
}

/** Bytes of a descriptor, and of a part of it in a file of its own: some 100,000 fields. */
const MOST = 8 << 20

/** Why a file is not read as a descriptor, or a part of one. It is held in memory as a whole. */
export function tooLarge({ size }: ObjectVersion): string | undefined {
  if (size <= MOST) return undefined
  return `found ${size.toLocaleString('en')} bytes; allowed: ${MOST.toLocaleString('en')} at most`
}

type Found = { version: ObjectVersion; body: Buffer }

/** One of which nothing is known but why it cannot be read. */
export function brokenPackage(file: string, folder: string, why: string): Package {
  const hash = shortHash(why)
  return { file, folder, outline: undefined, broken: `${file}: ${why}`, hash, parts: [] }
}

/** The descriptor of a folder; two of them in one are refused, not chosen from. */
export function parsePackage(found: Found[], folder: string, hash: string): Package {
  const first = found[0]!
  const file = first.version.key
  const made = { file, folder, outline: undefined, broken: undefined, hash, parts: [] }
  if (folder.split('/').length < 2) {
    return { ...made, broken: `${file}: a package is a folder of its own: move it into one` }
  }
  if (found.length > 1) {
    const names = found.map((one) => one.version.key).join(', ')
    return { ...made, broken: `${names}: one descriptor a folder is allowed; remove the others` }
  }
  try {
    const outline = parseOutline(first.body.toString('utf8'), file)
    checkNames(outline, file)
    checkGlobs(outline, file)
    return { ...made, outline }
  } catch (error) {
    if (error instanceof Refused) return { ...made, broken: error.message }
    throw error
  }
}

/** Names that fall together as snake case would share a table. */
function checkNames(outline: Outline, file: string): void {
  const seen = new Map<string, string>()
  for (const { name } of outline.resources.filter((one) => one.name !== '')) {
    const { dataset, schema, table } = datasetOf(file, name)
    const same = seen.get(dataset)
    if (table === '' || schema === '') {
      const what = table === '' ? `resource ${JSON.stringify(name)}` : 'the folder'
      throw new Refused(`${file}: ${what}: no letter or digit in its name; rename it`)
    }
    if (same !== undefined) {
      const both = `${JSON.stringify(same)} and ${JSON.stringify(name)}`
      throw new Refused(`${file}: resources ${both} are both ${dataset}: rename one`)
    }
    seen.set(dataset, name)
  }
}

/** Whose files a glob names that cannot be read, nobody knows: the package is not used. */
function checkGlobs(outline: Outline, file: string): void {
  for (const [i, resource] of outline.resources.entries()) {
    for (const glob of filesOf(resource).globs) {
      try {
        globOf(glob)
      } catch (error) {
        const at = where(['resources', i, 'sluice', 'files'])
        throw error instanceof Refused ? new Refused(`${file}: ${at}: ${error.message}`) : error
      }
    }
  }
}
