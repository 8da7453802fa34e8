import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type pg from 'pg'
import { openDuck } from '../core/duck/duckdb.ts'
import { literal } from '../core/names.ts'

/** Objects whose names mean harm to other places. */

/** Names that a careless program would take for its own language. */
const names = [
  'a"b',
  "c'd",
  'e;f',
  '"; DROP TABLE evil.good; --',
  "'); DROP SCHEMA sluice CASCADE; --",
  '😀 名前',
  'select',
  ' padded ',
  '{"json": 1}',
  '$1',
  '%s',
  'h,i',
  'red\x1b[31m',
  '../../up',
]
/** One of them, which is the name of a folder in Silver, and its value there. */
const partition = { name: '../../up', value: '/../../../up=\x1b[31m' }

/** The last parts of keys, all of one dataset. */
const keys = [
  'a b.csv',
  'a+b.csv',
  'a%2Fb.csv',
  'a%20b.csv',
  'a..b.csv',
  'a../b.csv',
  '%2e%2e%2fb.csv',
  'new\nline.csv',
  'red\x1b[31m.csv',
  "quote'.csv",
  'dollar$(id).csv',
  'ção 😀.csv',
  `${'n'.repeat(240)}.csv`,
  // With what stands before it, 1,024 bytes: the longest key that S3 has.
  ['d'.repeat(251), 'e'.repeat(250), 'f'.repeat(250), `${'g'.repeat(251)}.csv`].join('/'),
]

/** What is no object: it would keep its reader waiting, leads elsewhere, or is hidden. */
const others = ['pipe.csv', 'link.csv', 'folder.csv', '..a.csv']

/** Writes them below `bronze/` of a lake, and beside each a file that is good. */
export function plantNames(lake: string): void {
  const package_ = (name: string, fields: string[], sluice: object) => {
    const folder = join(lake, 'bronze', name)
    mkdirSync(folder, { recursive: true })
    const schema = { fields: fields.map((field) => ({ name: field })) }
    const resources = [
      { name: 'bad', path: 'bad.csv', schema, sluice },
      { name: 'good', path: 'good.csv', schema: { fields: [{ name: 'id', type: 'integer' }] } },
    ]
    writeFileSync(join(folder, 'datapackage.json'), JSON.stringify({ resources }))
    writeFileSync(join(folder, 'good.csv'), 'id\n1\n2\n')
    return join(folder, 'bad.csv')
  }
  writeFileSync(package_('twice', ['a', 'b'], {}), 'a,a\n1,2\n')
  writeEvil(package_('evil', names, { partitionBy: [partition.name] }))
  package_('keys', ['id'], { files: 'in/**' })
  writeKeys(join(lake, 'bronze/keys/in'))
}

/** Names that there may be in a lake, but for those that end in random letters. */
const roots = ['.sluice', '.tmp', 'bronze', 'outside.csv', 'quarantine', 'silver']
const packages = ['evil', 'keys', 'random', 'twice']

/**
 * Every name is a name and every key a key, and nothing stands outside of its place.
 *
 * @param before what `fingerprints` said of Bronze
 * @returns one sentence for each thing that is wrong
 */
export async function judgeNames(
  lake: string,
  client: pg.Client,
  before: string[],
): Promise<string[]> {
  const findings: string[] = []
  const expect = async (what: string, wanted: unknown[], find: () => Promise<unknown[]>) => {
    const found = await find().catch((error: Error) => [error.message])
    const [a, b] = [found, wanted].map((all) => JSON.stringify(all))
    if (a !== b) findings.push(`${what}: ${a}, not ${b}`.slice(0, 500))
  }
  const column = async (sql: string) =>
    (await client.query({ text: sql, rowMode: 'array' })).rows.map(([value]) => value)
  await expect('columns of evil.bad', names, () =>
    column(`SELECT attname::text FROM pg_attribute WHERE attrelid = 'evil.bad'::regclass
      AND attnum > 0 AND attname <> '_object_id' ORDER BY attnum`),
  )
  const values = names.map((name, i) => (name === partition.name ? partition.value : `v${i}`))
  const quoted = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(', ')
  await expect('evil.bad', values, () => column(`SELECT unnest(ARRAY[${quoted}]) FROM evil.bad`))
  const ids = keys.map((_, i) => String(i))
  await expect('keys.bad', ids, () => column('SELECT id FROM keys.bad ORDER BY id::integer'))
  const good = packages.filter((name) => name !== 'random')
  for (const name of good) {
    await expect(`${name}.good`, ['1', '2'], () =>
      column(`SELECT id::text FROM ${name}.good ORDER BY id`),
    )
  }
  await expect('schemas', [...packages, 'sluice'].toSorted(), () =>
    column(`SELECT nspname::text FROM pg_namespace
      WHERE nspname !~ '^(pg_|information_schema$|public$)' ORDER BY 1`),
  )
  const named = async (folder: string) =>
    readdirSync(folder).filter((name) => name !== 'streaming_checkpoint')
  await expect('the lake', roots, () => named(lake))
  await expect('silver', packages, async () =>
    (await named(join(lake, 'silver'))).filter((name) => name !== '.sluice'),
  )
  await expect('the folder of the lake', ['lake'], () => named(dirname(lake)))
  await expect('bronze', before, async () => fingerprints(lake))
  await expect('keys in silver', ids, () => inSilver(lake, 'keys/bad', 'id', 'id::INTEGER'))
  const folder = `${encodeURIComponent(partition.name)}=${encodeURIComponent(partition.value)}`
  await expect('folders of evil', ['_manifests', folder].toSorted(), async () =>
    readdirSync(join(lake, 'silver/evil/bad'))
      .filter((name) => name !== '.sluice')
      .toSorted(),
  )
  return findings
}

async function inSilver(lake: string, dataset: string, what: string, order: string) {
  const duck = await openDuck()
  try {
    const files = literal(join(lake, 'silver', dataset, '**/*.parquet'))
    const rows = await duck.all(`SELECT ${what} FROM read_parquet(${files}) ORDER BY ${order}`)
    return rows.map(([value]) => value)
  } finally {
    duck.close()
  }
}

/** The names of all files of Bronze, and of the one outside, with what they hold. */
export function fingerprints(lake: string): string[] {
  const entries = readdirSync(join(lake, 'bronze'), { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((one) => one.isFile() && one.name !== '.sluice')
    .map((one) => join(one.parentPath, one.name))
  return [...paths, join(lake, 'outside.csv')]
    .map((path) => `${path} ${createHash('md5').update(readFileSync(path)).digest('hex')}`)
    .toSorted()
}

function writeEvil(path: string): void {
  const quoted = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(',')
  const cells = names.map((name, i) => (name === partition.name ? partition.value : `v${i}`))
  writeFileSync(path, `${quoted}\n${cells.join(',')}\n`)
}

function writeKeys(folder: string): void {
  for (const [i, key] of keys.entries()) {
    const path = join(folder, key)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `id\n${i}\n`)
  }
  const [pipe, link, directory, hidden] = others.map((name) => join(folder, name))
  execFileSync('mkfifo', [pipe!])
  const outside = join(folder, '../../../outside.csv')
  writeFileSync(outside, 'id\n1000\n')
  symlinkSync(outside, link!)
  mkdirSync(directory!)
  writeFileSync(hidden!, 'id\n1000\n')
}
