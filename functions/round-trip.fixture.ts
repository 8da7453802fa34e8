import fc from 'fast-check'

/** Random tables: a schema, rows that fit it, and a dialect and encoding to write them in. */

/** A value: as a cell has it, and as Postgres and Parquet must give it back as text. */
interface Value {
  cell: string
  is: string
}

/** A field of a random schema; `same` makes texts comparable that write one value in two ways. */
interface Kind {
  field: object
  value: fc.Arbitrary<Value>
  same?: (text: string) => string
}

export interface Table {
  kinds: Kind[]
  /** By row; null is a missing value. The first field is a running number. */
  rows: (Value | null)[][]
  form: Form
  [fc.toStringMethod]: () => string
}

/** How a table is written. */
export interface Form {
  delimiter: string
  quote: string
  escapeChar: string | undefined
  lineEnd: string
  header: boolean
  commentChar: string | undefined
  quoteAll: boolean
  lastEnd: boolean
  encoding: 'utf-8' | 'utf-8-sig' | 'latin-1' | 'windows-1252' | 'utf-16' | 'utf-16be'
  packing: '' | '.gz' | '.zst'
  missing: string[]
  match: 'exact' | 'equal' | 'subset'
}

const plain = (cell: string): Value => ({ cell, is: cell })
const pad = (n: number, digits = 2) => String(n).padStart(digits, '0')

const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const written = (n: bigint, how: number) => {
  const digits = String(n < 0n ? -n : n)
  return `${n < 0n ? '-' : how === 1 ? '+' : ''}${how === 2 ? '00' : ''}${digits}`
}

/** 1 234 567 as `1.234.567`. */
function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, '.')
}

const cents = fc.bigInt({ min: -(10n ** 12n) + 1n, max: 10n ** 12n - 1n }).map((n) => {
  const digits = String(n < 0n ? -n : n).padStart(3, '0')
  return { sign: n < 0n ? '-' : '', whole: digits.slice(0, -2), part: digits.slice(-2) }
})

const day = fc
  .date({ min: new Date('1000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))
const clock = fc
  .tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(999_999))
  .map(([h, m, s, f]) => `${pad(h)}:${pad(m)}:${pad(s)}${f ? `.${pad(f, 6)}` : ''}`)
const trimmed = (text: string) => text.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')

/** Characters that every encoding of the test has, or any at all. */
function text(narrow: boolean): fc.Arbitrary<string> {
  const latin = fc.integer({ min: 0xa0, max: 0xff }).map((code) => String.fromCharCode(code))
  const tricky = fc.constantFrom(
    ',',
    ';',
    '|',
    '\t',
    '"',
    "'",
    '\\',
    '\n',
    '\r',
    '#',
    ' ',
    'a',
    '0',
  )
  const unit = narrow
    ? fc.oneof(tricky, latin)
    : fc.oneof(tricky, latin, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }))
  return fc.string({ unit, minLength: 1, maxLength: 12 }).filter((one) => !one.includes('\0'))
}

const json = fc.jsonValue({ maxDepth: 2, noUnicodeString: true } as never).map((value) => {
  return JSON.stringify(value)
    .replaceAll('\\u0000', '')
    .replaceAll(/-?\d+\.?\d*e[+-]?\d+/g, '7')
})
const parsed = (value: string) => JSON.stringify(sorted(JSON.parse(value)))

/** jsonb does not keep the order of names. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return entries.map(([name, one]) => [name, sorted(one)])
}

function kinds(narrow: boolean): Kind[] {
  const own = { trueValues: ['sim', 'S'], falseValues: ['não', 'N'] }
  const comma = { decimalChar: ',', groupChar: '.', sluice: { decimal: [12, 2] } }
  return [
    { field: { type: 'string' }, value: text(narrow).map(plain) },
    { field: { type: 'any' }, value: text(narrow).map(plain) },
    {
      field: { type: 'integer' },
      value: fc.tuple(integer, fc.nat(2)).map(([n, how]) => {
        return { cell: written(n, how), is: String(n) }
      }),
    },
    {
      field: { type: 'integer', constraints: { minimum: `-${'9'.repeat(38)}` } },
      value: fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n }).map((n) => plain(String(n))),
    },
    {
      field: { type: 'number', sluice: { decimal: [12, 2] } },
      value: cents.map(({ sign, whole, part }) => plain(`${sign}${whole}.${part}`)),
    },
    {
      field: { type: 'number', ...comma },
      value: cents.map(({ sign, whole, part }) => {
        return { cell: `${sign}${grouped(whole)},${part}`, is: `${sign}${whole}.${part}` }
      }),
    },
    {
      field: { type: 'number' },
      value: fc
        .double({ min: -1e300, max: 1e300, noNaN: true })
        .filter((n) => n === 0 || Math.abs(n) > 1e-300)
        .map((n) => plain(String(n))),
      same: (text) => String(Number(text) + 0),
    },
    {
      field: { type: 'boolean', ...own },
      value: fc.constantFrom('sim', 'S', 'não', 'N').map((cell) => {
        return { cell, is: String(own.trueValues.includes(cell)) }
      }),
    },
    { field: { type: 'date' }, value: day.map(plain) },
    {
      field: { type: 'date', format: '%d/%m/%Y' },
      value: day.map((is) => ({ cell: is.split('-').reverse().join('/'), is })),
    },
    {
      field: { type: 'datetime' },
      value: fc.tuple(day, clock).map(([d, t]) => ({ cell: `${d}T${t}`, is: `${d} ${t}` })),
      same: trimmed,
    },
    { field: { type: 'time' }, value: clock.map(plain), same: trimmed },
    {
      field: { type: 'year' },
      value: fc.integer({ min: 1000, max: 9999 }).map((n) => plain(`${n}`)),
    },
    { field: { type: 'yearmonth' }, value: day.map((one) => plain(one.slice(0, 7))) },
    {
      field: { type: 'duration' },
      value: fc.tuple(fc.nat(99), fc.nat(99)).map(([d, h]) => plain(`P${d}DT${h}H`)),
    },
    {
      field: { type: 'list', delimiter: ';', itemType: 'integer' },
      value: fc.array(fc.maxSafeInteger(), { minLength: 1, maxLength: 4 }).map((list) => {
        return { cell: list.join(';'), is: JSON.stringify(list) }
      }),
      same: parsed,
    },
    { field: { type: 'array' }, value: json.map((one) => plain(`[${one}]`)), same: parsed },
    { field: { type: 'object' }, value: json.map((one) => plain(`{"k":${one}}`)), same: parsed },
    {
      field: { type: 'geopoint' },
      value: fc
        .tuple(fc.integer({ min: -180, max: 180 }), fc.integer({ min: -90, max: 90 }))
        .map(([lon, lat]) => plain(`${lon}, ${lat}`)),
    },
  ]
}

const form: fc.Arbitrary<Form> = fc
  .record({
    delimiter: fc.constantFrom(',', ';', '\t', '|'),
    quote: fc.constantFrom('"', '"', "'"),
    escapeChar: fc.constantFrom(undefined, undefined, '\\'),
    lineEnd: fc.constantFrom('\n', '\r\n', '\r'),
    header: fc.boolean(),
    commentChar: fc.constantFrom(undefined, undefined, '#'),
    quoteAll: fc.boolean(),
    lastEnd: fc.boolean(),
    encoding: fc.constantFrom<Form['encoding']>(
      ...([
        'utf-8',
        'utf-8',
        'utf-8-sig',
        'latin-1',
        'windows-1252',
        'utf-16',
        'utf-16be',
      ] as const),
    ),
    packing: fc.constantFrom<Form['packing']>('', '', '.gz', '.zst'),
    missing: fc.constantFrom<string[]>([''], ['', 'NA'], ['-']),
    match: fc.constantFrom<Form['match']>('exact', 'equal', 'subset'),
  })
  .map((one): Form => (one.header ? one : { ...one, match: 'exact' }))

export const table: fc.Arbitrary<Table> = form.chain((form) => {
  const narrow = form.encoding === 'latin-1' || form.encoding === 'windows-1252'
  const json = kinds(narrow)
  return fc.array(fc.constantFrom(...json), { minLength: 1, maxLength: 7 }).chain((kinds) => {
    const cells = kinds.map(({ value }) => {
      const there = value.filter(({ cell }) => fits(cell, form, narrow))
      return fc.option(there, { freq: 6 })
    })
    // Without a header and without a row, there would be no object.
    const rows = fc.array(fc.tuple(...cells), { minLength: form.header ? 0 : 1, maxLength: 12 })
    return rows.map((rows): Table => ({ kinds, rows, form, [fc.toStringMethod]: told }))
  })
})

/** For a failure: what is needed to write the case down. */
function told(this: Table): string {
  const { form, rows, kinds } = this
  return JSON.stringify({ form, fields: kinds.map(({ field }) => field), rows })
}

/** A cell must be no missing value, and writable in the encoding. */
function fits(cell: string, { missing }: Form, narrow: boolean): boolean {
  if (missing.includes(cell)) return false
  return !narrow || !/[^\n\r\t -~\xa0-\xff]/.test(cell)
}
