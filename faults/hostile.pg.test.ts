import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Outcome } from '../core/outcome.ts'
import { freshDatabase } from '../local/fresh-database.ts'
import { type Running, startSluice } from './command.ts'
import { columns, keys, names, plant, rejects } from './hostile.ts'

/**
 * Objects that mean harm end in bounded time and memory with a reason, touch nothing outside of
 * their place, and the files beside them are loaded.
 */

let server: Awaited<ReturnType<typeof freshDatabase>>
let ended: { outcomes: Outcome[]; code: number | null; peak: number }
const lake = mkdtempSync(join(tmpdir(), 'sluice-hostile-'))
beforeAll(async () => {
  server = await freshDatabase()
  await plant(lake)
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

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(server.url)
  await client.connect()
  const { rows } = await client.query(sql)
  await client.end()
  return rows
}

test('memory is bounded, and nothing failed', () => {
  expect(ended.peak).toBeLessThan(1536)
  expect(ended.outcomes.filter(({ status }) => status === 'failed')).toEqual([])
  expect(ended.code).toBe(3)
})

test('the files beside them are loaded', () => {
  for (const name of ['line', 'bomb', 'wide', 'rejects', 'twice', 'evil', 'keys']) {
    expect(endOf(`${name}/good.csv`)).toMatchObject({ status: 'loaded', records: 2, rejected: 0 })
  }
})

test('a line of 1 GiB is one reject', () => {
  expect(endOf('line/bad.csv')).toMatchObject({ status: 'loaded', records: 1, rejected: 1 })
})

test('a gzip of some megabytes that unpacks to 4 GiB is refused', () => {
  const { status, reason } = endOf('bomb/bad.csv.gz')
  expect(status).toBe('refused')
  expect(reason).toMatch(/^too-long: .* times/)
})

test(`${columns} columns are refused, naming the memory that would do`, () => {
  const { status, reason } = endOf('wide/bad.csv')
  expect(status).toBe('refused')
  expect(reason).toMatch(/too-wide|1,?600/)
})

test(`${rejects} rejects are kept`, async () => {
  const end = endOf('rejects/bad.csv')
  expect(end).toMatchObject({ status: 'loaded', records: rejects + 1, rejected: rejects })
  const [kept] = await query('SELECT count(*)::integer AS rejects FROM sluice.rejects')
  expect(kept!.rejects).toBeGreaterThanOrEqual(rejects)
})

test('a header of duplicates is refused', () => {
  expect(endOf('twice/bad.csv')).toMatchObject({ status: 'refused', records: 0 })
  expect(endOf('twice/bad.csv').reason).toContain('duplicate-label')
})

test('names that look like SQL are names', async () => {
  expect(endOf('evil/bad.csv')).toMatchObject({ status: 'loaded', records: 1, rejected: 0 })
  const columns = await query(`SELECT attname AS name FROM pg_attribute
    WHERE attrelid = 'evil.bad'::regclass AND attnum > 0 AND attname <> '_object_id'
    ORDER BY attnum`)
  expect(columns.map(({ name }) => name)).toEqual(names)
  expect(await query('SELECT * FROM evil.good ORDER BY id')).toHaveLength(2)
})

test('every key is taken as it is, and nothing is outside of its place', async () => {
  const loaded = await query('SELECT id::integer FROM keys.bad ORDER BY id')
  expect(loaded.map(({ id }) => id)).toEqual(keys.map((_, i) => i))
  const places = ['.sluice', '.tmp', 'bronze', 'quarantine', 'silver', 'streaming_checkpoint']
  for (const name of readdirSync(lake)) expect(places).toContain(name)
  expect(readdirSync(join(lake, 'silver')).toSorted()).toEqual(
    ['bomb', 'evil', 'keys', 'line', 'rejects', 'twice', 'wide'].toSorted(),
  )
})
