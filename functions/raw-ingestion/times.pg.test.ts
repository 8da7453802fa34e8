import { expect, test } from 'vitest'
import { files, raw } from '../raw.fixture.ts'
import { resource } from '../stages.fixture.ts'

const object = 'bronze/p/t/a.csv'
const fields = [
  { name: 'id', type: 'integer' },
  { name: 'day', type: 'date', format: '%d/%m/%Y' },
  { name: 'at', type: 'datetime', format: '%d/%m/%Y %H:%M:%S %z' },
  { name: 'utc', type: 'datetime' },
  { name: 'clock', type: 'time', format: 'any' },
  { name: 'y', type: 'year' },
  { name: 'ym', type: 'yearmonth' },
  { name: 'd', type: 'duration' },
]
const rows = `id,day,at,utc,clock,y,ym,d
1,5/1/2020,05/01/2020 10:11:12 +0200,2020-01-05T24:00:00,9:30 PM,-0044,-0044-03,P1Y2M
2,29/02/2020,29/02/2020 23:59:59 -05:00,2020-01-05T10:11:12.5+02,24:00:00,12020,12020-01,PT0.5S
3,31/12/9999,01/01/0001 00:00:00 Z,0001-01-01 00:00:00Z,00:00:00.000001,0001,2020-12,-P1D
4,31/02/2020,,,,,,
5,,,,,,,
`

test('every kind of time arrives in Postgres as the value that it is', async () => {
  files.describe('p', resource('t', [], { fields }))
  files.put(object, rows)
  expect(await raw.run(object)).toMatchObject([{ status: 'loaded', accepted: 4, rejected: 1 }])
  const found = await raw.query(`SELECT day::text, (at AT TIME ZONE 'UTC')::text AS at, utc::text,
    clock::text, y::text, ym, d FROM p.t ORDER BY id`)
  expect(found.map((row) => Object.values(row))).toEqual([
    ...[
      ['2020-01-05', '2020-01-05 08:11:12', '2020-01-06 00:00:00', '21:30:00'],
      ['2020-02-29', '2020-03-01 04:59:59', '2020-01-05 08:11:12.5', '24:00:00'],
      ['9999-12-31', '0001-01-01 00:00:00', '0001-01-01 00:00:00', '00:00:00.000001'],
    ].map((row, i) => [
      ...row,
      ...[
        ['-44', '-0044-03', 'P1Y2M'],
        ['12020', '12020-01', 'PT0.5S'],
        ['1', '2020-12', '-P1D'],
      ][i]!,
    ]),
    [null, null, null, null, null, null, null],
  ])
  const [type] = await raw.query(`SELECT format_type(atttypid, atttypmod) AS at FROM pg_attribute
    WHERE attrelid = 'p.t'::regclass AND attname = 'at'`)
  expect(type).toEqual({ at: 'timestamp with time zone' })
})

test('a table that has instants is found to fit, and one that has none to need them', async () => {
  files.describe('p', resource('t', [], { fields: [fields[0], fields[2]] }))
  files.put(object, 'id,at\n1,05/01/2020 10:11:12 +0200\n')
  await raw.query('CREATE SCHEMA p')
  await raw.query('CREATE TABLE p.t (id bigint, at timestamp, _object_id bigint)')
  await expect(raw.run(object)).rejects.toThrow('ALTER COLUMN "at" TYPE timestamptz')
  await raw.query('ALTER TABLE p.t ALTER COLUMN at TYPE timestamp with time zone')
  expect(await raw.status(object)).toBe('loaded')
})
