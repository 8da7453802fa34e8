import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openLake } from '../core/lake.ts'
import { queryLake } from '../core/query/query.ts'
import { openStore } from '../core/store/object-store.ts'
import { freshDatabase } from '../local/fresh-database.ts'
import { refine } from './silver/refine.ts'
import { resource, TestRaw } from './stages.fixture.ts'

/**
 * Names that are patterns to DuckDB: each beside one that the pattern would find. The lake itself
 * lies below such a name, too.
 */
const names = [
  'a[1].csv',
  'a1.csv',
  'b*.csv',
  'bb.csv',
  'c?.csv',
  'cc.csv',
  'd]{a;b}.csv',
  '**.csv',
]
const top = mkdtempSync(join(tmpdir(), 'sluice-glob-'))
const folder = join(top, 'la[k]e *')
const key = (name: string) => `bronze/p/items/${name}`
const wanted = names.flatMap((name, n) => [`${name} ${n} 0`, `${name} ${n} 1`]).toSorted()

let database: Awaited<ReturnType<typeof freshDatabase>>

beforeAll(async () => {
  database = await freshDatabase()
  put('bronze/p/datapackage.json', JSON.stringify({ name: 'p', resources: [items] }))
  for (const [n, name] of names.entries()) {
    put(key(name), `name,n,i\n${name},${n},0\n${name},x,2\n${name},${n},1\n`)
  }
})
afterAll(async () => {
  await database.drop()
  rmSync(top, { recursive: true })
})

const items = resource('items', ['name', 'n:integer', 'i:integer'], {}, { partitionBy: ['name'] })

test('an object whose name is a pattern is itself, in both stages and in queries', async () => {
  const lake = openLake(folder)
  const raw = await TestRaw.open(lake, database.url)
  for (const name of names) {
    expect(await refine(lake, key(name))).toMatchObject({ accepted: 2, rejected: 1 })
    expect(await raw.run(key(name))).toMatchObject([{ accepted: 2, rejected: 1 }])
  }
  const rows = await raw.query(`SELECT concat_ws(' ', name, n, i) AS told FROM p.items`)
  expect(rows.map(({ told }) => told).toSorted()).toEqual(wanted)
  await raw.database.end()

  const sql = `SELECT concat_ws(' ', name, n, i) FROM p.items`
  const found = await queryLake(openStore(folder), sql, 'text', async (answer) => {
    const told: unknown[] = []
    for await (const row of answer.rows) told.push(...row)
    return told
  })
  expect(found.toSorted()).toEqual(wanted)
})

function put(key: string, content: string): void {
  const path = join(folder, key)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}
