import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { openDuck } from '../duck/duckdb.ts'
import { literal } from '../names.ts'
import type { Kind } from '../types/calendar.ts'
import { faultOf, strptime } from './strptime.ts'

const duck = await openDuck()
afterAll(() => duck.close())

async function read(kind: Kind, format: string, texts: string[]): Promise<(string | null)[]> {
  expect(faultOf(kind, format)).toBe(undefined)
  const values = texts.map((text, i) => `(${i}, ${literal(text)})`).join(', ')
  const rows = await duck.all(`SELECT (${strptime(kind, format).value('x')})::VARCHAR
    FROM (VALUES ${values}) t(i, x) ORDER BY i`)
  return rows.map(([value]) => value as string | null)
}

/** What Python 3.11's datetime.strptime says of these; a date keeps only what is at midnight. */
test.each<[Kind, string, Record<string, string | null>]>([
  [
    'date',
    '%Y-%m-%d',
    { '2020-2-29': '2020-02-29', '2019-02-29': null, '0001-01-01': '0001-01-01' },
  ],
  [
    'date',
    '%d%m%Y',
    { '0112020': '2020-01-01', '1112020': '2020-01-11', '31122020': '2020-12-31' },
  ],
  ['date', '%d%m%y', { '010168': '2068-01-01', '010169': '1969-01-01', '1112020': null }],
  ['date', '%d %m %Y', { ' 5\u20036\t2020': '2020-06-05', '5 6 2020\n': null, '562020': null }],
  ['date', '%b %Y', { 'mAy 2020': '2020-05-01', May2020: null, 'March 2020': null }],
  ['date', '%B%d,%Y', { 'may5,2020': '2020-05-05', 'MARCH31,2020': '2020-03-31' }],
  ['date', '%Y', { '2020': '2020-01-01', '0000': null, '20200': null, '٢٠٢٠': null }],
  ['date', '%y%j', { '20366': '2020-12-31', '191': '2019-01-01', '19366': '2020-01-01' }],
  ['date', '%Y%U%w', { '2020000': '2019-12-29', '2020010': '2020-01-05', '2017000': '2017-01-01' }],
  ['date', '%Y %W %A', { '2018 0 monday': '2018-01-01', '2018 1 monday': '2018-01-01' }],
  ['date', '%G %V %u', { '0001 01 1': '0001-01-01', '0000 53 7': null, '9999 52 7': null }],
  ['date', '%G %V %a', { '2020 53 fri': '2021-01-01', '2021 53 Fri': '2022-01-07' }],
  ['date', '%a %d/%m/%Y', { 'Tue 05/01/2020': '2020-01-05', 'Tuesday 05/01/2020': null }],
  ['date', '%Y-%m-%d %H', { '2020-01-05 0': '2020-01-05', '2020-01-05 1': null }],
  ['date', '%%%Y.%m[%d', { '%2020.1[5': '2020-01-05', '%2020x1[5': null, '2020.1[5': null }],
  ['time', '%H:%M:%S', { '1:2:3': '01:02:03', '24:00:00': null, '1:2:60': null, '1:2:61': null }],
  ['time', '%H%M', { '123': '12:03:00', '0959': '09:59:00', '2400': null, '260': null }],
  ['time', '%I%p', { '12AM': '00:00:00', '12pm': '12:00:00', '1Pm': '13:00:00', '13pm': null }],
  ['time', '%X,%f', { '1:2:3,5': '01:02:03.5', '1:2:3,000001': '01:02:03.000001' }],
  ['datetime', '%c', { 'sun jan  5 1:2:3 2020': '2020-01-05 01:02:03' }],
  ['datetime', '%x %X', { '1/5/20 1:2:3': '2020-01-05 01:02:03', '13/5/20 1:2:3': null }],
  ['datetime', '%Y%m%d%H%M%S%z', { '20200105101112+023012': '2020-01-05 07:41:00+00' }],
  [
    'datetime',
    '%Y%z',
    { '2020-2359': '2020-01-01 23:59:00+00', '2020-2400': null, '2020Z': '2020-01-01 00:00:00+00' },
  ],
  [
    'datetime',
    '%Y %z',
    { '2020 +01:00:00.5': '2019-12-31 22:59:59.5+00', '2020 +0100:00': null, '2020 z': null },
  ],
  ['datetime', '%Y%Z %z', { '2020utc +0100': '2019-12-31 23:00:00+00', '2020EST +0100': null }],
])('%s as %s', async (kind, format, expected) => {
  const texts = Object.keys(expected)
  const values = await read(kind, format, texts)
  expect(Object.fromEntries(texts.map((text, i) => [text, values[i]]))).toEqual(expected)
})

test('what is read in its usual width and what is taken to pieces have one value', async () => {
  const instant = fc.date({
    ...{ min: new Date('1000-01-01'), max: new Date('2999-12-31'), noInvalidDate: true },
  })
  await fc.assert(
    fc.asyncProperty(fc.array(instant, { minLength: 20 }), async (dates) => {
      const texts = dates.map((date) => date.toISOString().slice(0, 19))
      // A blank in the pattern stands for several: such a text has not the usual form.
      const apart = texts.map((text) => text.replace('T', '  '))
      const usual = await read('datetime', '%Y-%m-%dT%H:%M:%S', texts)
      expect(usual).toEqual(texts.map((text) => text.replace('T', ' ')))
      expect(await read('datetime', '%Y-%m-%d %H:%M:%S', apart)).toEqual(usual)
    }),
    { numRuns: 10 },
  )
})

describe('a pattern that would change values or make them up is none', () => {
  test.each<[Kind, string]>([
    ['date', '%d/%m'],
    ['date', '%H:%M'],
    ['date', 'literal'],
    ['date', '%Y %y'],
    ['date', '%Y %d'],
    ['date', '%Y-%m-%b'],
    ['date', '%Y-%m-%d %j'],
    ['date', '%Y %j %U'],
    ['date', '%Y-%m %W %u'],
    ['date', '%Y %U'],
    ['date', '%Y %U %u %a'],
    ['date', '%Y %u'],
    ['date', '%G-%m-%d'],
    ['date', '%G %V'],
    ['date', '%Y %V %u'],
    ['date', '%Y-%m-%d%z'],
    ['date', '%Y-%m-%d %Z'],
    ['date', '%Y-%m-%d %d'],
    ['date', '%c %Y'],
    ['date', '%D'],
    ['date', '%Y-%m-%'],
    ['date', '%Y-%é'],
    ['datetime', '%Y %I:%M'],
    ['datetime', '%Y %H:%M %p'],
    ['datetime', '%Y %H %I %p'],
    ['datetime', '%Y %H:%S'],
    ['datetime', '%Y %H:%M.%f'],
    ['time', '%Y %H:%M'],
    ['time', '%a %H:%M'],
    ['time', '%M:%S'],
    ['time', '%p'],
    ['time', '%H:%M%z'],
  ])('%s as %s', (kind, format) => expect(faultOf(kind, format)).toMatch(/%|type|pattern/))
})
