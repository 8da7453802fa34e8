import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parseContract } from '../contract/contract.ts'
import { openDuck } from '../duck/duckdb.ts'
import { Plan } from '../judge/plan.ts'
import { judge } from '../judge/verdict.fixture.ts'
import { csvRow } from '../rejects.ts'
import { readLayout } from '../text/header.ts'
import { plainText } from '../text/plain-text.ts'

type Typed = (typeof typed)[number]
const typed = [
  'integer',
  'number',
  'boolean',
  'object',
  'array',
  'date',
  'time',
  'datetime',
  'year',
  'yearmonth',
  'duration',
  'geopoint',
  'geojson',
] as const

const point = '{"type":"Point","coordinates":[1,2]}'

/**
 * DuckDB's casts are never the verdict: this table is. Each literal is judged as every type of
 * Table Schema in its default format; where a type is not named, it rejects the literal, and where
 * it is, it takes the literal as the value that is written there (as DuckDB writes it). The answers
 * are the standard's (https://datapackage.org/standard/table-schema/#field-types), by hand.
 */
const table: [literal: string, accepted: Partial<Record<Typed, string>>][] = [
  // Whole numbers
  ['0', { integer: '0', number: '0.0', boolean: 'false' }],
  ['1', { integer: '1', number: '1.0', boolean: 'true' }],
  ['5', { integer: '5', number: '5.0' }],
  ['-0', { integer: '0', number: '-0.0' }],
  ['007', { integer: '7', number: '7.0' }],
  ['+5', { integer: '5', number: '5.0' }],
  [' 7 ', { integer: '7', number: '7.0' }],
  ['--5', {}],
  ['- 5', {}],
  ['5-', {}],
  ['9223372036854775807', { integer: '9223372036854775807' }],
  ['9223372036854775808', {}],
  ['-9223372036854775809', {}],
  // Fractions and exponents: a cast to an integer would round or compute them
  ['1.0', { number: '1.0' }],
  ['1.5', { number: '1.5' }],
  ['.5', { number: '0.5' }],
  ['1.', { number: '1.0' }],
  ['.', {}],
  ['1.2.3', {}],
  ['1e3', { number: '1000.0' }],
  ['1E3', { number: '1000.0' }],
  ['1e', {}],
  ['e5', {}],
  ['1e400', {}],
  ['1e-400', {}],
  ['0.1234567890123456789', {}],
  // Other notations
  ['0x1F', {}],
  ['0b1', {}],
  ['0o7', {}],
  ['1_000', {}],
  ['1 000', {}],
  ['1/2', {}],
  ['$5', {}],
  ['95%', {}],
  ['１２', {}],
  ['٣', {}],
  ['½', {}],
  // Marks of thousands: without groupChar there are none, but two numbers are a point
  ['1,000', { geopoint: '1,000' }],
  ['1.000,5', { geopoint: '1.000,5' }],
  ['1,000,000', {}],
  // Not a number, infinity: of a number only, in letters of any case, by no other name
  ['NaN', { number: 'nan' }],
  ['nan', { number: 'nan' }],
  ['INF', { number: 'inf' }],
  ['inf', { number: 'inf' }],
  ['-INF', { number: '-inf' }],
  ['+INF', {}],
  ['infinity', {}],
  ['-Infinity', {}],
  // Words that casts take for a boolean, a missing value or a point in time
  ['true', { boolean: 'true' }],
  ['True', { boolean: 'true' }],
  ['FALSE', { boolean: 'false' }],
  ['tRUE', {}],
  ['t', {}],
  ['yes', {}],
  ['on', {}],
  ['null', {}],
  ['NULL', {}],
  ['now', {}],
  ['today', {}],
  ['epoch', {}],
  // Years and months; a year may be negative, and have more than four digits (XML Schema's gYear)
  ['2020', { integer: '2020', number: '2020.0', year: '2020' }],
  ['20', { integer: '20', number: '20.0' }],
  ['02020', { integer: '2020', number: '2020.0' }],
  ['0000', { integer: '0', number: '0.0' }],
  ['-2020', { integer: '-2020', number: '-2020.0', year: '-2020' }],
  ['20200105', { integer: '20200105', number: '20200105.0', year: '20200105' }],
  ['2020-01', { yearmonth: '2020-01' }],
  ['2020-1', {}],
  ['2020-13', {}],
  // Dates
  ['2020-01-05', { date: '2020-01-05' }],
  ['2020-1-5', {}],
  ['2020/01/05', {}],
  ['05.01.2020', {}],
  [' 2020-01-05', {}],
  ['2020-02-29', { date: '2020-02-29' }],
  ['2020-02-30', {}],
  ['2021-02-29', {}],
  ['0000-01-01', {}],
  // Times; 24:00:00 is the end of a day (XML Schema), and of a datetime the beginning of the next
  ['10:00:00', { time: '10:00:00' }],
  ['10:00', {}],
  ['1:00:00', {}],
  ['10:00 AM', {}],
  ['10:00:00.5', { time: '10:00:00.5' }],
  ['10:00:00.1234567', {}],
  ['24:00:00', { time: '24:00:00' }],
  ['24:00:01', {}],
  ['23:59:60', {}],
  ['25:00:00', {}],
  ['10:00:00Z', {}],
  ['2020-01-05T10:00:00', { datetime: '2020-01-05 10:00:00' }],
  ['2020-01-05 10:00:00', { datetime: '2020-01-05 10:00:00' }],
  ['2020-01-05T10:00', {}],
  ['2020-01-05T10:00:00.25', { datetime: '2020-01-05 10:00:00.25' }],
  ['2020-01-05T10:00:00Z', { datetime: '2020-01-05 10:00:00' }],
  ['2020-01-05T10:00:00+02:00', { datetime: '2020-01-05 08:00:00' }],
  ['2020-01-05T24:00:00', { datetime: '2020-01-06 00:00:00' }],
  ['2020-01-05T24:00:01', {}],
  ['2020-02-30T10:00:00', {}],
  // Durations
  ['P1D', { duration: 'P1D' }],
  ['PT1H', { duration: 'PT1H' }],
  ['P1Y2M3DT4H5M6.7S', { duration: 'P1Y2M3DT4H5M6.7S' }],
  ['-P1D', { duration: '-P1D' }],
  ['P', {}],
  ['P1DT', {}],
  ['1 day', {}],
  // JSON and points
  ['{}', { object: '{}' }],
  ['{"a":1}', { object: '{"a":1}' }],
  ['{"a":1,}', {}],
  ["{'a':1}", {}],
  ['{"a":NaN}', {}],
  ['[]', { array: '[]' }],
  ['[1,2]', { array: '[1,2]' }],
  ['[01]', {}],
  ['[NaN]', {}],
  [point, { object: point, geojson: point }],
  ['90.5, 45.5', { geopoint: '90.5, 45.5' }],
  ['181,0', {}],
  ['0,91', {}],
]

/** What takes every text: as it is, or as the items between its commas. */
const texts: [type: string, value: (literal: string) => string][] = [
  ['string', (literal) => literal],
  ['any', (literal) => literal],
  ['list', (literal) => JSON.stringify(literal.split(','))],
]

const duck = await openDuck()
const scratch = mkdtempSync(join(tmpdir(), 'sluice-literals-'))
afterAll(() => rmSync(scratch, { recursive: true }))

function write(type: string, literals: string[]) {
  const fields = [
    { name: 'n', type: 'integer' },
    { name: 'v', type },
  ]
  const resource = { name: 't', path: 't.csv', schema: { fields } }
  const file = 'bronze/t/datapackage.json'
  const contract = parseContract({ resources: [resource] } as never, 0, file)
  const path = join(scratch, 't.csv')
  const rows = literals.map((literal, n) => csvRow([String(n), literal]))
  writeFileSync(path, `n,v\n${rows.join('')}`)
  return { duck, contract, path, key: 'bronze/t/t.csv', folder: scratch }
}

async function judged(type: string, literals: string[], places: boolean) {
  const { rows, rejects } = await judge({ ...write(type, literals), places })
  for (const { errors } of rejects) expect(errors).toMatchObject([{ rule: 'type-error' }])
  return literals.map((_, n) => rows.find(([at]) => Number(at) === n)?.[1] ?? null)
}

/** Of which literals the fast way's expressions hold: each ends at the first one that does not. */
async function heldBy(type: string, literals: string[], quick: boolean): Promise<string[]> {
  const { contract, path, key, folder } = write(type, literals)
  const text = await plainText(path, key, contract.encoding, folder)
  const plan = new Plan(contract, await readLayout(text, contract))
  const holds = plan.checks.map((check) => (quick ? (check.quick ?? check.ok) : check.ok))
  const rows = await duck.all(`SELECT x0::INTEGER FROM (${plan.plainSource(path, 'lf')})
    WHERE ${holds.join(' AND ')} ORDER BY 1`)
  return rows.map(([n]) => literals[Number(n)]!)
}

test('every literal stands there once', () => {
  const literals = table.map(([literal]) => literal)
  expect(new Set(literals).size).toBe(literals.length)
})

describe.each(typed)('%s', (type) => {
  const literals = table.map(([literal]) => literal)
  const accepted = table.filter(([, taken]) => taken[type] !== undefined)
  const ofAccepted = accepted.map(([literal]) => literal)

  test('takes what the table says, and nothing else', async () => {
    const expected = table.map(([, taken]) => taken[type] ?? null)
    expect(await judged(type, literals, true)).toEqual(expected)
  })

  test('takes the same on the fast way', async () => {
    expect(await heldBy(type, literals, false)).toEqual(ofAccepted)
    expect(ofAccepted).toEqual(expect.arrayContaining(await heldBy(type, literals, true)))
    const values = accepted.map(([, taken]) => taken[type])
    expect(await judged(type, ofAccepted, false)).toEqual(values)
  })
})

test.each(texts)('%s takes every text', async (type, value) => {
  const literals = table.map(([literal]) => literal)
  for (const places of [false, true]) {
    expect(await judged(type, literals, places)).toEqual(literals.map(value))
  }
})
