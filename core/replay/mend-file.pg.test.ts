import { expect, test } from 'vitest'
import { files, raw } from '../../functions/raw.fixture.ts'
import { resource } from '../../functions/stages.fixture.ts'
import type { Database } from '../database/database.ts'
import type { FixRow } from './fix-file.ts'
import { mendFile } from './mend-file.ts'
import { mendKept } from './mending.ts'

/** A file of mended rows of many objects is looked for a thousand rows at a time. */

const OBJECTS = 30

/** The ledger, and how often it is asked. */
function counted(): { database: Database; reads: () => number } {
  let reads = 0
  const read: Database['read'] = (...asked) => {
    reads++
    return raw.database.read(...asked)
  }
  return { database: Object.create(raw.database, { read: { value: read } }), reads: () => reads }
}

const keyOf = (n: number) => `bronze/p/t/${n}.csv`

/** Each object with two rejects, and one row more that is none. */
async function load(): Promise<void> {
  files.describe('p', resource('t', ['id:integer', 'name']))
  const keys = Array.from({ length: OBJECTS }, (_, n) => keyOf(n))
  for (const [n, key] of keys.entries()) files.put(key, `id,name\nx${n},a\n1,b\ny${n},c\n`)
  await raw.run(...keys)
}

async function* given(rows: Partial<FixRow>[]): AsyncIterable<FixRow> {
  for (const [i, row] of rows.entries()) {
    const base = { line: i + 2, object: '', version: '', record: 1, source: 2, errors: undefined }
    yield { ...base, cells: [], beyond: [], ...row }
  }
}

const mend = (database: Database, rows: Partial<FixRow>[]) =>
  mendFile(files.lake, database, { labels: ['id', 'name'], rows: given(rows) })

test('rows of many objects are found by two statements, each with its own object', async () => {
  await load()
  const { database, reads } = counted()
  const rows = await Promise.all(
    Array.from({ length: OBJECTS }, async (_, n) => {
      const object = keyOf(n)
      const { etag: version } = (await files.lake.store.head(object))!
      return [1, 3].map((record) => ({ object, version, record, cells: [`${n}${record}`, 'n'] }))
    }),
  )
  const told = await mend(database, rows.flat())
  expect(reads()).toBe(2)
  expect(told.map(({ object }) => object)).toEqual(rows.map(([first]) => first!.object))
  expect(told.every(({ went, stay, same }) => went === 2 && stay.length + same === 0)).toBe(true)
  await raw.run(...told.map(({ key }) => key!))
  expect(await raw.query(`SELECT count(*)::int AS n FROM p.t WHERE name = 'n'`)).toEqual([
    { n: 2 * OBJECTS },
  ])
})

test('what is not there stays, beside what is', async () => {
  await load()
  const { database } = counted()
  const object = keyOf(0)
  const { etag: version } = (await files.lake.store.head(object))!
  const told = await mend(database, [
    { object: 'bronze/p/t/none.csv', version, cells: ['1', 'n'] },
    { object: 'bronze/p/t/\0.csv', version, cells: ['1', 'n'] },
    { object, version, record: 2, cells: ['1', 'n'] },
    { object, version, record: Number.NaN, cells: ['1', 'n'] },
    { object, version: 'older', record: 1, cells: ['1', 'n'] },
    { object, version, record: 3, cells: ['5', 'n'] },
  ])
  const rules = told.map(({ went, stay }) => [went, ...stay.map(({ errors }) => errors[0]!.rule)])
  expect(rules).toEqual([
    [0, 'unknown'],
    [0, 'unknown'],
    [1, 'unknown', 'unknown', 'superseded'],
  ])
})

test('a reject that was read before its object was replaced stays', async () => {
  await load()
  const object = keyOf(0)
  const record = { object, record: 1, line: 2, text: '5,a', errors: [], labels: ['id', 'name'] }
  const told = await mendKept(files.lake, raw.database, object, [{ ...record, version: 'older' }])
  expect(told).toMatchObject({ key: undefined, went: 0, stay: [{ record: 1 }] })
  expect(told.stay[0]?.errors[0]?.rule).toBe('superseded')
})
