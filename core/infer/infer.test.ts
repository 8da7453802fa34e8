import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { useInferring } from './infer.fixture.ts'

/** What all rows of a file say of it. */

const { inferred } = useInferring()

/** `integer`, `number(18,2)`, `number -NA` of the only column. */
async function typeOf(values: string[], name = 'v'): Promise<string> {
  const { fields } = await inferred(`n,${name}\n${values.map((v, i) => `${i},${v}\n`).join('')}`)
  const { type, sluice, missingValues } = fields[1]!
  const decimal = sluice ? `(${sluice.decimal})` : ''
  return `${type}${decimal}${missingValues ? ` ${missingValues.join(' ')}` : ''}`
}

describe('the narrowest type that every value fits', () => {
  it.each<[string, string[], string?]>([
    ['boolean', ['true', 'FALSE', '']],
    ['integer', ['0', '1', '1']],
    ['integer', ['-5', '', '9223372036854775807']],
    ['string', ['1', '9223372036854775808']],
    ['number', ['1', '1.5', '-0.25', '6.02e23']],
    ['string', ['0.12345678901234567890123']],
    ['number(18,2)', ['1.50', '20.00'], 'total_price'],
    ['number', ['1.50', '20.00'], 'degrees'],
    ['number', ['1.5', '20.00'], 'price'],
    ['date', ['2026-01-31', '2024-02-29']],
    ['string', ['2026-01-31', '2025-02-29']],
    ['datetime', ['2026-01-31T10:00:00', '2026-01-31T10:00:00.5']],
    ['time', ['10:00:00', '23:59:59']],
    ['object', ['"{""a"": 1}"', '{}']],
    ['array', ['"[1,2]"', '[]']],
    ['string', ['[]', '{}']],
    ['string', ['']],
    ['string', ['1', 'x']],
  ])('%s of %j named %j', async (expected, values, name) => {
    expect(await typeOf(values, name)).toBe(expected)
  })
})

describe('marks and formats that every value fits, and some value in no other way', () => {
  it.each<[object, string[], string?]>([
    [{ type: 'date', format: '%d/%m/%Y' }, ['31/01/2026', '01/02/2026', '']],
    [{ type: 'date', format: '%m/%d/%Y' }, ['1/31/2026', '02/01/2026']],
    [{ type: 'date', format: '%d.%m.%Y' }, ['01.02.2026', '13.02.2026']],
    [{ type: 'date', format: '%d-%m-%Y' }, ['01-02-2026', '31-12-2026']],
    [{ type: 'date', format: '%Y/%m/%d' }, ['2026/01/02']],
    [{ type: 'date', format: '%Y-%m-%d' }, ['2026-1-2', '2026-01-31']],
    [{ type: 'datetime', format: '%Y-%m-%d %H:%M' }, ['2026-01-02 10:00']],
    [{ type: 'string' }, ['2026-1-32']],
    [{ type: 'datetime', format: '%d/%m/%Y %H:%M' }, ['31/01/2026 10:00', '1/2/2026 9:30']],
    [{ type: 'datetime', format: '%m/%d/%Y %H:%M:%S' }, ['01/31/2026 10:00:00']],
    [{ type: 'date', format: '%d/%m/%Y', missingValues: ['', 'NA'] }, ['31/01/2026', 'NA']],
    [{ type: 'string' }, ['01/02/2026', '12/11/2026']],
    [{ type: 'string' }, ['31/01/2026', '01/31/2026']],
    [{ type: 'string' }, ['31/02/2026']],
    [{ type: 'string' }, ['31/01/26']],
    [{ type: 'integer', groupChar: ',' }, ['"1,234,567"', '12', '"1,000"']],
    [{ type: 'number', groupChar: ',' }, ['"1,234.5"', '"1,000"', '12']],
    [{ type: 'string' }, ['"1,234"', '"5,678"']],
    [{ type: 'string' }, ['"1,23,456.5"']],
    [{ type: 'string' }, ['"1,5"', '"2,25"']],
  ])('%j of %j', async (expected, values) => {
    const { fields } = await inferred(`n,v\n${values.map((v, i) => `${i},${v}\n`).join('')}`)
    expect(fields[1]).toEqual({ name: 'v', ...expected })
  })

  it.each<[object, string[], string?]>([
    [{ type: 'number', decimalChar: ',' }, ['1,5', '20', '-0,25', '']],
    [{ type: 'number', decimalChar: ',' }, ['0,125', '1,250']],
    [{ type: 'number', decimalChar: ',', groupChar: '.' }, ['1.234,56', '7']],
    [{ type: 'number', decimalChar: ',', groupChar: '.' }, ['1.234', '0,5']],
    [
      { type: 'number', decimalChar: ',', groupChar: '.', sluice: { decimal: [18, 2] } },
      ['1.234,56', '7,00'],
      'total',
    ],
    [{ type: 'string' }, ['1,234', '5,678']],
    [{ type: 'string' }, ['1,5', '2.5']],
    [{ type: 'string' }, ['1.23,4']],
    [{ type: 'string' }, ['01,5', '2,5']],
    [{ type: 'number' }, ['1.5', '2']],
  ])('where no comma delimits: %j of %j', async (expected, values, name = 'v') => {
    const { fields } = await inferred(`n;${name}\n${values.map((v, i) => `${i};${v}\n`).join('')}`)
    expect(fields[1]).toEqual({ name, ...expected })
  })
})

describe('what is a name, and no quantity, stays a string', () => {
  it.each<[string[], string?]>([
    [['007', '123']],
    [['00.5', '1.5']],
    [['-01']],
    [['+5511987654321']],
    [['5551234567', '5559876543']],
    [['11987654321', '1133334444']],
    [['12E4', '10E1']],
    [['1', '2'], 'status_code'],
    [['90210', '10001'], 'Zip'],
    [['5551234', '555123'], 'homePhone'],
    [['NaN', 'INF']],
  ])('%j named %j', async (values, name) => {
    expect(await typeOf(values, name)).toBe('string')
  })

  it('a count, an instant and an id of as many digits are integers', async () => {
    expect(await typeOf(['1700000000', '1700000001'], 'created_at')).toBe('integer')
    expect(await typeOf(['1000000001', '1000000002'], 'order_id')).toBe('integer')
    expect(await typeOf(['5', '1000000002'], 'population')).toBe('integer')
  })
})

describe('marks of missing values', () => {
  it('count as missing beside values that have a type', async () => {
    expect(await typeOf(['1', 'NA', '', '-'])).toBe('integer  - NA')
    expect(await typeOf(['2026-01-01', '\\N'])).toBe('date  \\N')
  })

  it('are text among words: NA is Namibia', async () => {
    expect(await typeOf(['NA', 'BR'])).toBe('string')
    expect(await typeOf(['NA', 'NA'])).toBe('string')
  })

  it('are text where a record would be blank by them', async () => {
    const { fields, rejected } = await inferred('a,b\n1,2\nNA,\n')
    expect([fields.map(({ type }) => type), rejected]).toEqual([['string', 'integer'], 0])
  })
})

describe('the dialect', () => {
  it.each<[object, string]>([
    [{}, 'a,b\n1,"x, y"\n'],
    [{ delimiter: ';' }, 'a;b\n1;2,5\n2;3,5\n'],
    [{ delimiter: '\t' }, 'a\tb\tc, d\n1\t2\t3, 4\n'],
    [{ commentChar: '#' }, '# by hand\na,b\n1,2\n# more, and more\n3,4\n'],
    [{}, '#id,name\n1,x\n#2,y\n'],
    [{ delimiter: '|' }, 'a|b\n1|2\n'],
    [{ quoteChar: "'" }, "a,b\n1,'x, y'\n"],
    [{ quoteChar: "'" }, "a,b\n1,'x'\n"],
    [{}, "a,b\n1,'x\n2,it's\n"],
    [{}, `"a","'b'","c","d,"\n`],
    [{ escapeChar: '\\' }, 'a,b\n1,"x \\"y\\", z"\n'],
    [{ skipInitialSpace: true }, 'a, b\n1, "x, y"\n2, z\n'],
    [{ header: false }, '1,x,2.5\n2,y,3.5\n'],
    [{ header: false }, '2026-01-01,x\n2026-01-02,y\n'],
    [{}, 'country,2019,2020\nBR,1.5,2\n'],
    [{}, '1,2,3\n4,5,6\n'],
    [{}, 'name,city\nAnn,Rome\n'],
    [{ delimiter: ';' }, 'remark\nhello, you\nbye\n'],
  ])('%j', async (dialect, text) => {
    const found = await inferred(text)
    expect([found.dialect, found.rejected]).toEqual([dialect, 0])
  })

  it('labels that are blank or stand there twice are passed over: fields go by place', async () => {
    const found = await inferred('a,A,,"x\ny",_object_id\n1,2,3,4,5\n')
    expect(found.dialect).toEqual({ header: false, commentRows: [1] })
    expect(found.fields.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'a integer',
      'A_2 integer',
      'column_3 integer',
      'x\ny integer',
      '_object_id_2 integer',
    ])
    expect([found.records, found.rejected]).toEqual([1, 0])
  })

  it.each([
    ['source-error: the object is empty', ''],
    ['encoding-error: a NUL in the header', 'a\0,b\n1,2\n'],
    ['source-error: control characters in the header', 'a\x03\x04,\x14\n1,2\n'],
    ['no dialect fits: cut at ","', 'a,b,c\n1\n1,2\n1,2,3,4\n1,2,3,4,5\n1\n2,3\n'],
    ['no dialect fits: cut at ",", which comes nearest, the first', 'Report\n1,2\n3,4\n5,6\n7,8\n'],
  ])('%s', async (why, text) => {
    await expect(inferred(text)).rejects.toThrow(why)
  })
})

describe('the encoding', () => {
  const text = 'a,n\né,1\n'
  it.each<[string | undefined, Buffer]>([
    [undefined, Buffer.from(text)],
    [undefined, Buffer.from(`\ufeff${text}`)],
    ['latin-1', Buffer.from(text, 'latin1')],
    ['windows-1252', Buffer.from('a,n\n\x80 5,1\n', 'latin1')],
    ['utf-16', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['utf-16le', Buffer.from(text, 'utf16le')],
    ['utf-16be', Buffer.from(text, 'utf16le').swap16()],
  ])('%s', async (encoding, bytes) => {
    const found = await inferred(bytes)
    expect([found.encoding, found.records, found.rejected]).toEqual([encoding, 1, 0])
    expect(found.fields).toEqual([
      { name: 'a', type: 'string' },
      { name: 'n', type: 'integer' },
    ])
  })

  it('a text of UTF-8 with one damaged record stays UTF-8', async () => {
    const damaged = Buffer.concat([Buffer.from('a\né\nü\n'), Buffer.from([0xe9, 10])])
    const found = await inferred(damaged)
    expect([found.encoding, found.records, found.rejected]).toEqual([undefined, 3, 1])
  })
})

it('keys: unique, never missing, those named like an id first; else pairs', async () => {
  const rows = 'day,shop,order_id,v\n2026-01-01,a,5,1\n2026-01-02,a,6,1\n2026-01-03,b,7,\n'
  expect((await inferred(rows)).keys).toEqual([['order_id'], ['day']])
  const pairs = 'day,shop,v\n2026-01-01,a,1.5\n2026-01-01,b,2\n2026-01-02,a,3\n'
  expect((await inferred(pairs)).keys).toEqual([['day', 'shop']])
  expect((await inferred('id\n1\n 1\n')).keys).toEqual([])
})

it('what is in the whole file counts, packed or not', async () => {
  const rows = Array.from({ length: 200_000 }, (_, i) => `${i},${i % 7}\n`).join('')
  const text = `id,v\n${rows}200000,x\n`
  const types = async (found: ReturnType<typeof inferred>) =>
    (await found).fields.map(({ type }) => type)
  expect(await types(inferred(text))).toEqual(['integer', 'string'])
  expect(await types(inferred(gzipSync(text), 'file.csv.gz'))).toEqual(['integer', 'string'])
})

it('many columns', async () => {
  const row = (cell: (i: number) => string | number) =>
    Array.from({ length: 500 }, (_, i) => cell(i))
  const found = await inferred(`${row((i) => `c${i}`)}\n${row((i) => i)}\n`)
  expect(new Set(found.fields.map(({ type }) => type))).toEqual(new Set(['integer']))
})
