import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStore } from '../core/object-store.ts'
import type { Outcome } from '../core/outcome.ts'
import { queryLake } from '../core/query.ts'
import { freshDatabase } from '../local/fresh-database.ts'
import { type Running, startSluice } from './command.ts'
import {
  columns,
  endless,
  keys,
  labels,
  names,
  others,
  partition,
  plant,
  rejects,
} from './hostile.ts'

/**
 * Objects that mean harm end in bounded time and memory with a reason, touch nothing outside of
 * their place, and the files beside them are loaded.
 */

let server: Awaited<ReturnType<typeof freshDatabase>>
let packages: string[]
let ended: { outcomes: Outcome[]; code: number | null; peak: number }
const lake = mkdtempSync(join(tmpdir(), 'sluice-hostile-'))
beforeAll(async () => {
  server = await freshDatabase()
  packages = await plant(lake)
  const started = Date.now()
  const running = startSluice(lake, server.url, '--once')
  const peak = peakOf(running)
  const code = await running.ended
  ended = { outcomes: running.lines, code, peak: await peak }
  const told = `peak ${ended.peak} MiB, ${Math.round((Date.now() - started) / 1000)} s`
  process.stderr.write(`hostile objects: ${told}\n`)
}, 600_000)
afterAll(async () => {
  rmSync(lake, { recursive: true, force: true })
  await server.drop()
})

/** The highest resident memory in MiB, as Linux has kept it; 0 where there is no /proc. */
async function peakOf({ child, ended }: Running): Promise<number> {
  let peak = 0
  const timer = setInterval(() => {
    const status = readStatus(child.pid)
    peak = Math.max(peak, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024)
  }, 200)
  await ended
  clearInterval(timer)
  return Math.round(peak)
}

function readStatus(pid: number | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return ''
  }
}

/** How both stages ended an object, which must agree. */
function endOf(key: string) {
  const found = ended.outcomes.filter(({ object }) => object === `bronze/${key}`)
  const ends = found.map(({ status, records, rejected, reason }) => {
    return { status, records, rejected, reason: reason ?? '' }
  })
  expect(found.map(({ stage }) => stage).toSorted()).toEqual(['raw-ingestion', 'silver'])
  expect(ends[0]).toEqual({ ...ends[1]!, reason: expect.any(String) })
  return ends[0]!
}

function refusal(key: string): string {
  const end = endOf(key)
  expect(end).toMatchObject({ status: 'refused', records: 0 })
  return end.reason
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(server.url)
  await client.connect()
  const { rows } = await client.query(sql)
  await client.end()
  return rows
}

test('memory is bounded, and nothing failed', () => {
  expect(ended.peak).toBeLessThan(1792)
  expect(ended.outcomes.filter(({ status }) => status === 'failed')).toEqual([])
  expect(ended.code).toBe(3)
})

test('the files beside them are loaded', () => {
  for (const name of packages) {
    expect(endOf(`${name}/good.csv`)).toMatchObject({ status: 'loaded', records: 2, rejected: 0 })
  }
})

test.each(Object.keys(endless))('one line without an end is one reject: %s', (name) => {
  expect(endOf(`${name}/bad.csv`)).toMatchObject({ status: 'loaded', records: 1, rejected: 1 })
})

test('a text of nothing but returns is refused', () => {
  expect(refusal('returns/bad.csv')).toMatch(/^incorrect-label: .* 0 cells/)
})

test.each(['bomb/bad.csv.gz', 'padded/bad.csv.zst'])('%s unpacks to too much', (key) => {
  expect(refusal(key)).toMatch(/^too-long: .* more than 250 times/)
})

test(`${columns} columns are refused, naming what would do`, () => {
  const ends = ended.outcomes.filter(({ object }) => object === 'bronze/wide/bad.csv')
  const reasons = ends.map(({ stage, reason }) => `${stage}: ${reason}`).toSorted()
  expect(reasons[0]).toMatch(/^raw-ingestion: .* takes 1598 of them/)
  expect(reasons[1]).toMatch(/^silver: too-wide: .*set SLUICE_MEMORY=3GB/)
})

test(`${labels} labels that the contract does not name are too many, too`, () => {
  expect(refusal('labels/bad.csv')).toMatch(/^too-wide: 100002 fields/)
})

test('a label of 1 MiB is refused, in few words', () => {
  expect(refusal('header/bad.csv')).toMatch(/^incorrect-label: label 1 is "x{1,200}/)
  expect(refusal('header/bad.csv').length).toBeLessThan(1000)
})

test(`${rejects} rejects are kept`, async () => {
  const end = endOf('rejects/bad.csv')
  expect(end).toMatchObject({ status: 'loaded', records: rejects + 1, rejected: rejects })
  const [kept] = await query('SELECT count(*)::integer AS rejects FROM sluice.rejects')
  expect(kept!.rejects).toBe(rejects + Object.keys(endless).length)
})

test('a header of duplicates is refused', () => {
  expect(refusal('twice/bad.csv')).toContain('duplicate-label')
})

test('names that look like SQL are names', async () => {
  expect(endOf('evil/bad.csv')).toMatchObject({ status: 'loaded', records: 1, rejected: 0 })
  const columns = await query(`SELECT attname AS name FROM pg_attribute
    WHERE attrelid = 'evil.bad'::regclass AND attnum > 0 AND attname <> '_object_id'
    ORDER BY attnum`)
  expect(columns.map(({ name }) => name)).toEqual(names)
  expect(await query('SELECT * FROM evil.good ORDER BY id')).toHaveLength(2)
})

test('they are names in Silver, and values are folders of one level', async () => {
  const name = `${encodeURIComponent(partition.name)}=${encodeURIComponent(partition.value)}`
  expect(readdirSync(join(lake, 'silver/evil/bad'))).toContain(name)
  const sql = 'SELECT * FROM evil.bad'
  const { found, rows } = await queryLake(openStore(lake), sql, 'text', async (answer) => {
    const rows: unknown[][] = []
    for await (const row of answer.rows) rows.push(row)
    return { found: answer.columns, rows }
  })
  expect(found.map((column) => column.name).slice(0, names.length)).toEqual(names)
  expect(rows[0]![names.indexOf(partition.name)]).toBe(partition.value)
})

test('every key is taken as it is, what is no file is not, and nothing is outside', async () => {
  const loaded = await query('SELECT id::integer FROM keys.bad ORDER BY id')
  expect(loaded.map(({ id }) => id)).toEqual(keys.map((_, i) => i))
  const seen = ended.outcomes.map(({ object }) => object)
  for (const name of others) expect(seen).not.toContain(`bronze/keys/in/${name}`)
  const places = ['.sluice', '.tmp', 'bronze', 'outside.csv', 'quarantine', 'silver']
  expect(readdirSync(lake).filter((name) => name !== 'streaming_checkpoint')).toEqual(places)
  const silver = readdirSync(join(lake, 'silver')).filter((name) => name !== '.sluice')
  expect(silver.toSorted()).toEqual(packages.toSorted())
})
