import type { Schema } from './generate-schema.ts'
import type { Random } from './random.ts'

/** Texts that programs read in surprising ways, of every type. */
const surprising = [
  ...['1.5', '1e3', '0x1F', '1_000', ' 7 ', '007', '+5', '.5', '1.', 'NaN', 'nan', 'inf', 'INF'],
  ...['-INF', 'Infinity', '2020-1-5', '20200105', 'infinity', 't', 'yes', '2020-02-30', '24:00:00'],
  ...['１２３', '１.５', '1,000', '1.000,5', '1 000', '-', '+', '', ' ', 'é', 'Ω', 'null', 'None'],
  ...['TRUE', 'tRUE', '1', '0', '-0', '00', '1e400', '1E-400', '9223372036854775807'],
  ...['9223372036854775808', '123456789012345678901234567890123456789', '0.1000000000000000055'],
  ...['2020-01-05T10:00:00', '2020-01-05 10:00:00', '2020-01-05T10:00:00Z', '2020-01-05T24:00:00'],
  ...['2020-01-05T10:00', '2020-01-05T10:00:00+25:00', '2020-01-05T10:00:00.1234567', '10:00'],
  ...['10:00:00Z', '10:00:00.5', '23:59:60', '0000-01-01', '10000-01-01', '-2020-01-01', '2020'],
  ...['02020', '-2020', '2020-13', '2020-1', '2020-12', 'P', 'PT', 'P1Y', 'P1W', 'p1d', 'P1.5D'],
  ...[
    '{}',
    '[]',
    '{"a":1}',
    '{"a":NaN}',
    '[1,]',
    "{'a':1}",
    '{"a":1,"a":2}',
    '"text"',
    '{"a":"x"}',
  ],
  ...['10,20', '10, 20', '181,0', '0,91', '10', '1,2,3', '[1,2]', '{"lon":1,"lat":2}', 'a,b'],
  ...['a@b', 'a@b.c', '@b.org', 'http://', 'a b', 'urn:x:y', '/path', 'http://[bad', 'YQ==', 'YQ='],
  ...[
    'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
    'a0eebc999c0b4ef8bb6d6bb9bd380a11',
    '{"type":"Point"}',
  ],
  ...['\u00a07', '7\u2009', 'two\nlines', 'a"b', "a'b", 'x\ty', '\u202e', '\u{1f600}', 'ﬁ', 'İ'],
]

/** How often mistakes are made in a file; a file without any comes often, too. */
export interface Rates {
  cell: number
  row: number
}

export function makeRates(random: Random): Rates {
  return random.pick([
    { cell: 0, row: 0 },
    { cell: 0, row: 0.02 },
    { cell: 0.005, row: 0.01 },
    { cell: 0.02, row: 0.02 },
    { cell: 0.1, row: 0.05 },
  ])
}

/** Puts mistakes in: other literals, keys that stand twice, orphans, extra and missing cells. */
export function spoil(random: Random, schema: Schema, rows: string[][], rates: Rates): string[][] {
  return rows.flatMap((row, n) => {
    const cells = row.map((cell) => (random.chance(rates.cell) ? other(random, cell, rows) : cell))
    if (!random.chance(rates.row)) return [cells]
    const kind = random.int(0, 6)
    if (kind === 0) return [[...cells, random.pick(['', 'extra', '1'])]]
    if (kind === 1) return [cells.slice(0, random.int(0, cells.length - 1))]
    if (kind === 2) return [cells, []]
    if (kind === 3) return [cells, cells.map(() => '')]
    if (kind === 4) return [cells, cells]
    if (kind === 5) return [cells, keyOf(schema, rows[random.int(0, n)]!, cells)]
    return [cells, [...cells, '', '']]
  })
}

function other(random: Random, cell: string, rows: string[][]): string {
  if (random.chance(0.8)) return random.pick(surprising)
  return random.pick([
    `${cell} `,
    ` ${cell}`,
    `${cell}x`,
    cell.toUpperCase(),
    random.pick(rows)[0]!,
  ])
}

/** A row with the key of another. */
function keyOf(schema: Schema, from: string[], row: string[]): string[] {
  return row.map((cell, i) => (schema.columns[i]?.distinct ? from[i]! : cell))
}

/** Mistakes below the cells: bytes that are no character, a NUL, a quote that is not closed. */
export function spoilBytes(random: Random, body: Buffer): Buffer {
  const at = random.int(Math.min(body.length, 40), body.length)
  const what = random.pick([Buffer.from([0xff]), Buffer.from([0xc3, 0x28]), Buffer.from([0])])
  const odd = random.chance(0.5) ? what : Buffer.from(random.pick(['"', '"x"y"', '""']))
  return Buffer.concat([body.subarray(0, at), odd, body.subarray(at)])
}
