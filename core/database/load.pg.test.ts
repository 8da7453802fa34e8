import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freshDatabase } from '../../local/fresh-database.ts'
import { type Duck, openDuck } from '../duck/duckdb.ts'
import type { Database } from './database.ts'
import { load } from './load.ts'
import { openPostgres } from './postgres.ts'

/** An object of this size goes through a pipe, a smaller one through a file. */
const LARGE = 64 << 20

let made: Awaited<ReturnType<typeof freshDatabase>>
let database: Database
let duck: Duck
let folder: string

beforeAll(async () => {
  made = await freshDatabase()
  database = openPostgres(made.url)
  duck = await openDuck()
  folder = await mkdtemp(join(tmpdir(), 'sluice-load-'))
})

afterAll(async () => {
  duck.close()
  await database.end()
  await made.drop()
  await rm(folder, { recursive: true })
})

it('a load that DuckDB fails leaves nothing that keeps later ones waiting', async () => {
  const rows = await database.transaction(async (tx) => {
    await tx.query('CREATE TABLE numbers (n bigint)')
    const into = { table: 'numbers', columns: ['n'] }
    const bring = (n: string, bytes: number) =>
      load(duck, `SELECT ${n} FROM range(1000000) t(i)`, tx, into, folder, bytes)
    const bad = bring("CASE WHEN i < 900000 THEN i ELSE error('a bad row') END", LARGE)
    await expect(tx.attempt(() => bad)).rejects.toThrow('a bad row')
    const again = await bring('i', LARGE)
    const rejects = await bring('i', 0)
    return again + rejects
  })
  expect(rows).toBe(2_000_000)
})
