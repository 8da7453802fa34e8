import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ObjectStore, openStore } from '../store/object-store.ts'
import type { Opened } from './database.conformance.ts'
import { type Target, type Transaction, Unacceptable } from './database.ts'

export function incoming(given: () => Opened): void {
  let folder: string
  let store: ObjectStore
  let parts = 0
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-conformance-'))
    store = openStore(folder)
    await given().database.execute('CREATE TABLE "in:to" ("a $1" int, "b:p1 ""q""" text, c text)')
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** As the database takes rows: sent, and counted; or fetched, from below a lake. */
  async function bring(tx: Transaction, into: Target, csv: string): Promise<number | undefined> {
    if (!given().database.fetches) return tx.copy(into, Readable.from([Buffer.from(csv)]))
    const key = `staging/it's a :part ${++parts}.csv`
    await store.put(key, Buffer.from(csv))
    await tx.fetch(into, { bucket: store.url, key })
    return undefined
  }
  const into = { table: '"in:to"', columns: ['"b:p1 ""q"""', '"a $1"'] }
  const count = async () => (await given().other.query('SELECT count(*) AS n FROM "in:to"'))[0]?.n

  test('rows of CSV are brought in, cell by cell as they are', async () => {
    const cells = ['plain', 'a "quoted", one', 'two\nlines\r\n', ' :p1 $1 ? \\N \\. ', '', '😀é']
    const csv = cells.map((cell, n) => `"${cell.replaceAll('"', '""')}",${n}\n`).join('')
    const told = await given().database.transaction((tx) => bring(tx, into, `${csv},6\nbare,\n`))
    expect([undefined, cells.length + 2]).toContain(told)
    const rows = await given().other.query('SELECT * FROM "in:to" ORDER BY "a $1"')
    expect(rows.map(Object.values)).toEqual([
      ...cells.map((cell, n) => [n, cell, null]),
      [6, null, null],
      [null, 'bare', null],
    ])
  })

  test('many rows are brought in, into a temporary table too; or none', async () => {
    const csv = Array.from({ length: 50_000 }, (_, n) => `cell,${n}\n`).join('')
    await given().database.transaction(async (tx) => {
      await tx.execute('CREATE TEMP TABLE own (v text, id int) ON COMMIT DROP')
      const own = { table: 'pg_temp.own', columns: ['v', 'id'] }
      await bring(tx, own, csv)
      expect([0, undefined]).toContain(await bring(tx, own, ''))
      const [row] = await tx.query('SELECT count(*) AS n, sum(id)::bigint AS sum FROM pg_temp.own')
      expect(row).toEqual({ n: 50_000, sum: 1_249_975_000 })
    })
  })

  test.each([
    ['a cell too few', 'x,1\ny\n'],
    ['a cell too many', 'x,1\ny,2,3\n'],
    ['a cell of another type', 'x,1\ny,two\n'],
    ['a quote without an end', 'x,1\n"y,2\n'],
  ])('nothing of a CSV stays that has %s', async (_, csv) => {
    const { database } = given()
    const before = await count()
    const failed = database.transaction((tx) => bring(tx, into, csv))
    await expect(failed).rejects.toBeInstanceOf(Unacceptable)
    await database.transaction(async (tx) => {
      await expect(tx.attempt(() => bring(tx, into, csv))).rejects.toBeInstanceOf(Unacceptable)
      await bring(tx, into, 'z,3\n')
    })
    expect(await count()).toBe((before as number) + 1)
  })

  test('the way that is not its own is refused', async () => {
    const refused = given().database.transaction<unknown>((tx) =>
      given().database.fetches
        ? tx.copy(into, Readable.from([]))
        : tx.fetch(into, { bucket: store.url, key: 'x' }),
    )
    await expect(refused).rejects.toBeInstanceOf(TypeError)
  })
}
