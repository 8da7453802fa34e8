import { datasetOf } from './contract.ts'
import { type Outline, parseOutline } from './descriptor.ts'
import { Refused } from './errors.ts'
import type { ObjectVersion } from './object-store.ts'

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

type Found = { version: ObjectVersion; body: Buffer }

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
    return { ...made, outline: checked(parseOutline(first.body.toString('utf8'), file), file) }
  } catch (error) {
    if (error instanceof Refused) return { ...made, broken: error.message }
    throw error
  }
}

/** Names that fall together as snake case would share a table. */
function checked(outline: Outline, file: string): Outline {
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
  return outline
}
