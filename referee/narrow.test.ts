import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { compareFile } from './compare.ts'
import { explain } from './disagreements.ts'
import { findPython } from './python.fixture.ts'
import { summaryOf } from './report.ts'
import { compare } from './run.ts'
import { judgePackage, type SluiceFile, type SluiceRow } from './verdict.ts'

/** A known disagreement hides no other one: beside what it explains, each wrong verdict is told. */

const lake = mkdtempSync(join(tmpdir(), 'sluice-referee-narrow-'))
afterAll(() => rmSync(lake, { recursive: true, force: true }))

const python = findPython()

const fields = [
  { name: 'id', type: 'integer', groupChar: ',', constraints: { maximum: '9,000' } },
  { name: 'at', type: 'date', format: 'any' },
  { name: 'code', type: 'string', constraints: { pattern: 'a|b.*' } },
  { name: 'tags', type: 'list' },
  { name: 'note', type: 'string' },
  { name: 'up', type: 'integer' },
  { name: 'from', type: 'string' },
]
const descriptor = {
  $schema: 'https://datapackage.org/profiles/2.0/datapackage.json',
  name: 'narrow',
  resources: [
    {
      name: 'one',
      path: 'one.csv',
      dialect: { delimiter: ';', nullSequence: '\\N', commentChar: '#' },
      schema: {
        fields,
        primaryKey: ['id', 'note'],
        uniqueKeys: [['tags']],
        foreignKeys: [
          { fields: ['up', 'from'], reference: { resource: '', fields: ['id', 'note'] } },
        ],
      },
    },
  ],
}

/** Each row needs something that the referee guesses or lacks, and then both judge it alike. */
const rows = [
  '1,000;2024-01-05;a;x,y;n;;',
  '2,000;2024-01-06;bc;z;n;1000;n',
  '3,000;5 January 2024;\\N;\\N;n;\\N;n',
  '9,001;2024-01-06;a;p;n;;',
  '4,000;2024-01-06;ab;q;n;;',
  '4,001;10;a;r;n;;',
  '4,002;3/4/2020;a;s;n;;',
  '4,003;2024-01-06;a;x,y;n;;',
  '4,004;2024-01-06;a;t;\\N;;',
  '4,x;2024-01-06;a;u;n;;',
  '4,y;2024-01-06;a;v;n;;',
  '4,005;2024-01-06;a;w;n;7,777;n',
  '4005;2024-01-06;a;w2;n;;',
]

describe.skipIf(!python)('with the referee', () => {
  const folder = join(lake, 'bronze', 'narrow')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'datapackage.json'), JSON.stringify(descriptor))
  const head = fields.map(({ name }) => name).join(';')
  writeFileSync(join(folder, 'one.csv'), `# a remark\n${[head, ...rows].join('\n')}\n`)

  it('both judge each row alike, once the referee is heard again', async () => {
    const result = await compare(python!, lake, [folder])
    expect(result.known + result.unexplained.length, summaryOf(result)).toBe(0)
    expect([result.good, result.bad]).toEqual([3, 10])
  })

  it('a wrong verdict on any row of them is told', async () => {
    const result = await compare(python!, lake, [folder], wrongly)
    expect(result.unexplained.map(({ line }) => line)).toEqual(rows.map((_, i) => i + 3))
  })
})

/** Accepts what is wrong, and rejects what is right. */
async function wrongly(...args: Parameters<typeof judgePackage>): Promise<SluiceFile[]> {
  const errors = [{ rule: 'type-error', field: 'at', value: '2024-01-06', message: 'wrong' }]
  const turned = (row: SluiceRow) => ({ ...row, errors: row.errors.length > 0 ? [] : errors })
  const files = await judgePackage(...args)
  return files.map((file) => ({ ...file, rows: file.rows.map(turned) }))
}

type Told = { side: 'sluice' | 'referee'; rule: string; value: string; message?: string }

function reasonOf(field: object, told: Told): string[] | undefined {
  const at = { folder: '/lake/bronze/one', path: 'a.csv' }
  const { side, rule, value, message = 'wrong' } = told
  const ours = [{ rule, field: 'n', value, message }]
  const row = { number: 2, lines: [2, 2] as [number, number], cells: [value], values: {} }
  const errors: [string, string, string, string][] =
    side === 'referee' ? [[rule, 'n', message, value]] : []
  const referee = { ...at, resource: 'a', errors: [], labels: [], rows: [{ ...row, errors }] }
  const sluice: SluiceFile = {
    ...at,
    refused: undefined,
    rows: [{ record: 1, line: 2, errors: side === 'sluice' ? ours : [] }],
  }
  const schema = { fields: [{ name: 'n', ...field }] }
  const resources = [{ name: 'a', path: 'a.csv', schema }]
  const heard = {
    folder: at.folder,
    descriptor: { resources },
    referee: [referee],
    sluice: [sluice],
  }
  const [difference] = compareFile(referee, sluice).differences
  return explain(difference!, { heard, referee, sluice })
}

const by = (side: Told['side'], value: string) => ({ side, rule: 'type-error', value })
const ring = (last: string) => `{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,1],${last}]]}`
const grouped = { type: 'number', groupChar: ',' }
const anyDate = { type: 'date', format: 'any' }
const bound = { type: 'datetime', constraints: { minimum: '2024-01-01T00:00:00' } }
const late = (value: string): Told => {
  const message = 'minimum is 2024-01-01T00:00:00'
  return { side: 'sluice', rule: 'constraint-error', value, message }
}

describe('a known disagreement', () => {
  it.each<[string, object, Told]>([
    ['integer-as-python-reads-it', { type: 'integer' }, by('sluice', '1_000')],
    ['group-char-anywhere', grouped, by('sluice', ',5')],
    ['format-any', anyDate, by('sluice', '2024 January the 5th, a Friday')],
    ['geojson-by-its-text', { type: 'geojson' }, by('sluice', ring('[9,9]'))],
    ['geojson-by-its-text', { type: 'geojson' }, by('referee', '{"coordinates":[1,2,3]}')],
    ['bound-without-an-offset', bound, late('2023-01-01T00:00:00Z')],
    ['integer-beyond-64-bits', { type: 'integer' }, by('sluice', '9223372036854775808')],
    ['number-beyond-a-double', { type: 'number' }, by('sluice', '0.1000000000000000055')],
  ])('explains what it is about: %s', (id, field, told) => {
    expect(reasonOf(field, told)).toEqual([id])
  })

  it.each<[string, object, Told]>([
    ['a plain integer', { type: 'integer' }, by('sluice', '1000')],
    ['a plain integer, the other way', { type: 'integer' }, by('referee', '1_000')],
    ['another type', { type: 'string' }, by('sluice', '1_000')],
    ['a group in its place', grouped, by('sluice', '1,000')],
    ['a group that only the referee rejects', grouped, by('referee', '1,000')],
    ['a date as it should be', anyDate, by('sluice', '2024-01-05')],
    ['a date that only the referee rejects', anyDate, by('referee', '5 January 2024')],
    ['a place', { type: 'geojson' }, by('sluice', '{"type":"Point","coordinates":[1,2]}')],
    ['a place, by the referee', { type: 'geojson' }, by('referee', '{"coordinates":[1,2]}')],
    ['a bound, neither with an offset', bound, late('2023-01-01T00:00:00')],
    ['the highest integer', { type: 'integer' }, by('sluice', '9223372036854775807')],
    ['a number of fifteen digits', { type: 'number' }, by('sluice', '0.123456789012345')],
  ])('explains nothing else: %s', (_, field, told) => {
    expect(reasonOf(field, told)).toBe(undefined)
  })
})
