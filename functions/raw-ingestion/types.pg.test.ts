import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDuck } from '../../core/duck/duckdb.ts'
import { files, raw } from '../raw.fixture.ts'
import { resource, runSilver } from '../stages.fixture.ts'

const object = 'bronze/p/t/a.csv'
const numbers = { decimalChar: ',', groupChar: '.', bareNumber: false }
const jsonSchema = { type: 'object', properties: { a: { type: 'number' } } }
const fields = [
  { name: 'id', type: 'integer' },
  { name: 'large', type: 'integer', sluice: { decimal: [38, 0] } },
  { name: 'price', type: 'number', ...numbers, sluice: { decimal: [12, 2] } },
  { name: 'ratio', type: 'number', ...numbers },
  { name: 'mail', type: 'string', format: 'email', missingValues: ['-'] },
  { name: 'tags', type: 'list' },
  { name: 'counts', type: 'list', itemType: 'number', delimiter: ';' },
  { name: 'place', type: 'geopoint' },
  { name: 'shape', type: 'geojson' },
  { name: 'doc', type: 'object', constraints: { jsonSchema } },
]
const point = '{"type":"Point","coordinates":[1.50,2]}'
const rows = [
  ['1', '99999999999999999999', 'EUR 1.234,5', '95%', 'a@x.org', 'a,"b",é', '1;2.50', '1, 2.50'],
  ['2', '-5', '0,10', '.,5', '-', ',', '1e30', '-180,90'],
  ['3', '7', '', 'NaN', 'b@x.org', 'x', '', ''],
  ['4', '8', '1,001', '', '-', '', '', ''],
  ['5', '8', '', '', '-', '', '', ''],
]
const documents = [
  [point, '{"a": 12345678901234567890.10}'],
  ['', '{"b":{"c":[]}}'],
  ['', ''],
  ['', ''],
  ['', '{"a":"1"}'],
]
const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`
const csv = [fields.map(({ name }) => name), ...rows.map((row, i) => [...row, ...documents[i]!])]
  .map((cells) => cells.map(quoted).join(','))
  .join('\n')

/** As Postgres writes it: jsonb has blanks of its own, and keeps digits. */
const inPostgres = [
  ['99999999999999999999', '1234.50', '95', 'a@x.org', '["a", "\\"b\\"", "é"]', '[1.0, 2.5]'],
  ['-5', '0.10', '0.5', null, '["", ""]', `[1${'0'.repeat(30)}]`],
  ['7', null, 'NaN', 'b@x.org', '["x"]', null],
]
const placesInPostgres = [
  ['1, 2.50', '{"type": "Point", "coordinates": [1.50, 2]}', '{"a": 12345678901234567890.10}'],
  ['-180,90', null, '{"b": {"c": []}}'],
  [null, null, null],
]
const inSilver = [
  ['99999999999999999999', '1234.50', '95.0', 'a@x.org', '["a","\\"b\\"","é"]', '[1.0,2.5]'],
  ['-5', '0.10', '0.5', null, '["",""]', '[1e+30]'],
  ['7', null, 'nan', 'b@x.org', '["x"]', null],
]
const placesInSilver = [
  ['1, 2.50', ...documents[0]!],
  ['-180,90', null, '{"b":{"c":[]}}'],
  [null, null, null],
]

test('every type arrives in Postgres as its value, and in Silver as the same', async () => {
  files.describe('p', resource('t', [], { fields }))
  files.put(object, csv)
  const [outcome] = await raw.run(object)
  expect(outcome).toMatchObject({ status: 'loaded', accepted: 3, rejected: 2 })
  const found = await raw.query(`SELECT large::text, price::text, ratio::text, mail, tags::text,
    counts::text, place, shape::text, doc::text FROM p.t ORDER BY id`)
  const expected = inPostgres.map((row, i) => [...row, ...placesInPostgres[i]!])
  expect(found.map((row) => Object.values(row))).toEqual(expected)
  const types = await raw.query(`SELECT format_type(atttypid, atttypmod) AS type FROM pg_attribute
    WHERE attrelid = 'p.t'::regclass AND attnum > 0 ORDER BY attnum`)
  const decimals = ['numeric(38,0)', 'numeric(12,2)', 'double precision']
  const others = ['text', 'jsonb', 'jsonb', 'text', 'jsonb', 'jsonb', 'bigint']
  expect(types.map(({ type }) => type)).toEqual(['bigint', ...decimals, ...others])

  await runSilver(files.lake, object)
  const duck = await openDuck()
  const path = join(files.folder, 'silver/p/t/*.parquet')
  const kept = await duck.all(`SELECT COLUMNS(* EXCLUDE id)::VARCHAR
    FROM read_parquet('${path}') ORDER BY id`)
  duck.close()
  expect(kept).toEqual(inSilver.map((row, i) => [...row, ...placesInSilver[i]!]))
})
