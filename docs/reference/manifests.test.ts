import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, test } from 'vitest'
import { parseManifest } from '../../core/commit/manifest.ts'
import { blocksOf, root } from '../pages.fixture.ts'
import { tablesOf } from '../tables.fixture.ts'

/** docs/reference/manifests.md against the shapes that stored records are parsed by. */

const page = 'docs/reference/manifests.md'
const tables = tablesOf(page)

test.each([
  ['The record', 'commit/commit-record.ts', 'recordSchema'],
  ['Manifest', 'commit/manifest.ts', 'manifest'],
  ['Checkpoint', 'stream/checkpoint.ts', 'checkpointSchema'],
  ['A dataset of a checkpoint', 'stream/checkpoint.ts', 'datasetSchema'],
  ['An open window of a checkpoint', 'stream/checkpoint.ts', 'windowSchema'],
  ['An object of a checkpoint', 'stream/checkpoint.ts', 'objectSchema'],
  ['Publication', 'stream/publication.ts', 'publication'],
  ['Compaction', 'stream/compaction.ts', 'compaction'],
])('%s has the fields of %s', (heading, file, schema) => {
  expect(tables.get(heading)?.map(({ field }) => field)).toEqual(fieldsOf(file, schema))
})

it('the example is a record, and its state a manifest, with every field', () => {
  const [example] = blocksOf(page).filter(({ language }) => language === 'json')
  const record = JSON.parse(example!.text)
  expect(Object.keys(record)).toEqual(fieldsOf('commit/commit-record.ts', 'recordSchema'))
  expect(parseManifest(record.state)).toEqual(record.state)
  expect(Object.keys(record.state)).toEqual(fieldsOf('commit/manifest.ts', 'manifest'))
})

function fieldsOf(file: string, schema: string): string[] {
  const text = readFileSync(join(root, 'core', file), 'utf8')
  const [, body = ''] = new RegExp(`^const ${schema} = z.object\\({\\n(.*?)^}\\)`, 'ms').exec(text)!
  return [...body.matchAll(/^ {2}(\w+): z?\w/gm)].map(([, name]) => name!)
}
