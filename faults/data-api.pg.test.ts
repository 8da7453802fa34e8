import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { prepareLedger } from '../core/database/prepare-ledger.ts'
import { resource } from '../functions/stages.fixture.ts'
import type { Fault } from '../local/data-api/endpoint.ts'
import { openPlace } from './data-api.fixture.ts'

/**
 * A load by the Data API, and one thing that goes wrong at one of its calls: whichever it is, and
 * at whichever call, every row stands once in the end, nothing is half loaded in between, and
 * nothing left in the staging area. A message that failed comes again, as SQS brings it.
 */

let place: Awaited<ReturnType<typeof openPlace>>

beforeAll(async () => {
  vi.stubEnv('SLUICE_PART_SIZE', '50KB')
  place = await openPlace()
})
beforeEach(async () => {
  await place.empty()
  await prepareLedger(place.raw.database)
  place.files.describe('p', parents, items)
  place.files.put('bronze/p/parents/1.csv', 'id\n1\n2\n')
  await place.raw.run('bronze/p/parents/1.csv')
})
afterEach(() => {
  place.endpoint.faults.length = 0
})
afterAll(() => place.close())

const object = 'bronze/p/items/1.csv'
const parents = resource('parents', ['id:integer'], { primaryKey: 'id' })
const items = resource('items', ['id:integer', 'parent:integer', 'note'], {
  primaryKey: 'id',
  foreignKeys: [{ fields: 'parent', reference: { resource: 'parents', fields: 'id' } }],
})

/** The first half of each version is that of the other; some rows wait, and some are rejected. */
const many = 8_000
function version(from: number): string {
  const lines = Array.from({ length: many }, (_, i) => {
    const parent = i % 1_000 === 7 ? 99 : 1 + (i % 2)
    return i % 500 === 3
      ? `x,${parent},${'a wrong one '.repeat(20)}`
      : `${from + i},${parent},n ${i}`
  })
  return `id,parent,note\n${lines.join('\n')}\n`
}
const good = { records: many, accepted: many - 16 - 8, rejected: 16, waiting: 8 }

/** Rows of the version before, or of this one; never of both, nor a part of them. */
async function standing() {
  const [found] = await place.raw.query(`SELECT count(*) AS rows, count(DISTINCT id) AS ids,
    coalesce(min(id), 0) AS first, coalesce(max(id), 0) AS last FROM p.items`)
  return found
}
const rowsFrom = (from: number) => ({
  ...{ rows: good.accepted, ids: good.accepted, first: from, last: from + many - 1 },
})

/** @returns how often the message had to come */
async function untilLoaded(before: object, after: object): Promise<number> {
  for (let receives = 1; receives <= 3; receives++) {
    const ends = await place.raw.run(object).catch((error: Error) => error)
    expect([before, after]).toContainEqual(await standing())
    expect(await place.staged()).toEqual([])
    if (Array.isArray(ends) && ends[0]?.status !== 'failed') return receives
  }
  throw new Error('it is never loaded')
}

/** Calls of a load by their number, and what each was. */
async function callsOfLoad(): Promise<string[]> {
  place.files.put(object, version(0))
  await place.raw.run(object)
  place.files.put(object, version(many / 2))
  const from = place.endpoint.calls.length
  await place.raw.run(object)
  const calls = place.endpoint.calls.slice(from)
  return calls.map(({ operation, sql = '' }) => `${operation} ${sql.replaceAll(/\s+/g, ' ')}`)
}

let calls: string[] | undefined

const kinds: Fault['kind'][] = [
  ...['throttled', 'resuming', 'unavailable', 'internal', 'lost-request', 'lost-answer'],
  ...['expired', 'timeout', 'killed'],
] as Fault['kind'][]

/** At the call of that number, counted from now. */
function failAt(number: number, kind: Fault['kind']): void {
  let count = 0
  place.endpoint.faults.push({ kind, when: () => count++ === number })
}

/** What is answered before anything is done is the same at any statement. */
const before = ['throttled', 'resuming', 'unavailable', 'internal']

/** Where a fault matters most; with FAULTS=all, every call of the load. */
function chosen(calls: string[], kind: Fault['kind']): number[] {
  if (process.env.FAULTS === 'all') return [...calls.keys()]
  const at = (words: string, nth = 0) =>
    [...calls.keys()].filter((number) => calls[number]?.includes(words))[nth]!
  const few = [at('table_import_from_s3', 1), at('CommitTransaction')]
  if (before.includes(kind)) return few
  const more = [at('INSERT INTO sluice.rejects'), at('INSERT INTO "p"."items"')]
  return [...few, ...more, ...(kind === 'lost-answer' ? [at('BeginTransaction')] : [])]
}

async function versionBefore(): Promise<void> {
  await place.empty()
  await prepareLedger(place.raw.database)
  await place.raw.run('bronze/p/parents/1.csv')
  place.files.put(object, version(0))
  await place.raw.run(object)
  place.files.put(object, version(many / 2))
}

test.each(kinds)('%s: every row once, nothing half loaded, no part left', async (kind) => {
  calls ??= await callsOfLoad()
  expect(calls.filter((call) => call.includes('table_import_from_s3')).length).toBeGreaterThan(3)
  for (const number of chosen(calls, kind)) {
    await versionBefore()
    // Of a transaction whose id never came nobody can say that it is over: it ends by itself.
    const isLost = kind === 'lost-answer' && calls?.[number]?.startsWith('BeginTransaction')
    const open = place.endpoint.open + (isLost ? 1 : 0)
    failAt(number, kind)
    await untilLoaded(rowsFrom(0), rowsFrom(many / 2)).catch((error) => {
      throw new Error(`${kind} at ${number}: ${calls?.[number]}`, { cause: error })
    })
    expect(place.endpoint.faults).toEqual([])
    expect(place.endpoint.open).toBe(open)
    expect(await place.raw.wrongCounts()).toEqual([])
    expect(await place.raw.query('SELECT * FROM sluice.due')).toEqual([])
  }
})
