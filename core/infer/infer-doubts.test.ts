import { describe, expect, it } from 'vitest'
import { useInferring } from './infer.fixture.ts'

/** Values that mean one thing in one country, and another in the next. */

const { inferred: inferredOf } = useInferring()

/** Columns v and w of a file; w has a value of its own for each of v. */
async function inferred(v: string[], w: string[] = [], delimiter = ';') {
  const row = (i: number) => [i, v[i], w[i] ?? ''].map(quoted).join(delimiter)
  const rows = [['n', 'v', 'w'].join(delimiter), ...v.map((_, i) => row(i))]
  const { fields, whys, rejected } = await inferredOf(`${rows.join('\n')}\n`)
  expect(rejected).toBe(0)
  const { name: _, ...form } = fields[1]!
  return { form, why: whys.find(({ field }) => field === 'v')?.text }
}

const quoted = (text: unknown) => (/[,;]/.test(String(text)) ? `"${text}"` : text)

const text = { type: 'string' }
const number = { type: 'number' }
const [points, commas] = [{ groupChar: '.' }, { groupChar: ',' }]
const comma = { decimalChar: ',' }

describe.each([',', ';', '\t'])('of a file with %j between cells', (delimiter) => {
  it.each<[object, string[]]>([
    [text, ['1.234']],
    [text, ['1.234', '950', '-12.000', '', '12345']],
    [text, ['1.234', 'NA']],
    [text, ['1,234', '950']],
    [number, ['1.234', '12.5']],
    [number, ['1.234', '0.125']],
    [number, ['1.234', '1234.567']],
    [{ type: 'integer', ...points }, ['1.234', '1.234.567']],
    [{ type: 'integer', ...commas }, ['1,234', '1,234,567']],
    [{ ...number, ...comma, ...points }, ['1.234,56', '1.234']],
    [{ ...number, ...commas }, ['1,234.56', '1,234']],
    [text, ['192.168.100.200', '192.168.100.201']],
    [text, ['1.234', '1,234']],
    [text, ['1.234', '5678', 'x']],
  ])('%j of %j', async (expected, v) => {
    expect((await inferred(v, [], delimiter)).form).toEqual(expected)
  })

  it.each<[object, string[], string[]]>([
    [number, ['1.234'], ['12.5']],
    [{ type: 'integer', ...points }, ['1.234'], ['1.234,56']],
    [{ type: 'integer', ...commas }, ['1,234'], ['12.5']],
    [{ type: 'integer', ...commas }, ['1,234'], ['1,234.5']],
    [{ ...number, ...comma }, ['1,234'], ['1.234,56']],
    [text, ['1.234'], ['5.678']],
    [text, ['1.234'], ['5,678']],
    [text, ['1.234'], ['01.5']],
    [{ ...number, missingValues: ['', 'NA'] }, ['1.234', 'NA'], ['1.5', '2.5']],
    [{ type: 'date', format: '%d/%m/%Y' }, ['01/02/2026'], ['31.01.2026 10:00']],
    [{ type: 'date', format: '%m/%d/%Y' }, ['01/02/2026'], ['01/31/2026']],
    [text, ['01/02/2026', '03/04/2026'], ['2026-01-31', '2026-01-30']],
  ])('%j of %j beside %j', async (expected, v, w) => {
    expect((await inferred(v, w, delimiter)).form).toEqual(expected)
  })
})

it('where two columns show two customs, neither decides', async () => {
  const { fields } = await inferredOf('v;a;b\n1.234;12.5;"12,5"\n')
  expect(fields.map(({ type }) => type)).toEqual(['string', 'number', 'number'])
})

it('a column that begins empty is not guessed either', async () => {
  const v = [...Array.from({ length: 60_000 }, () => ''), '1.234']
  expect((await inferred(v)).form).toEqual(text)
  expect((await inferred([...v, '0.5'])).form).toEqual(number)
})

describe('it is said why, and what to write for each reading', () => {
  it.each<[string[], string]>([
    [
      ['2.345', '1.234'],
      '"1.234" has two readings, and nothing in the file says which: where its point groups ' +
        'thousands, write type: integer, groupChar: "."; where its point begins decimals, write ' +
        'type: number',
    ],
    [
      ['1,234', 'n/a'],
      '"1,234" has two readings, and nothing in the file says which: where its comma groups ' +
        'thousands, write type: integer, groupChar: ",", missingValues: ["","n/a"]; where its ' +
        'comma begins decimals, write type: number, decimalChar: ",", missingValues: ["","n/a"]',
    ],
    [
      ['01/02/2026', '12/11/2026'],
      '"01/02/2026" has two readings, and nothing in the file says which: where the day stands ' +
        'first, write type: date, format: "%d/%m/%Y"; where the month stands first, write type: ' +
        'date, format: "%m/%d/%Y"',
    ],
  ])('of %j', async (v, why) => {
    expect((await inferred(v)).why).toBe(why)
  })

  it('of a code no more than that it is one, and nothing where it is decided', async () => {
    const { why } = await inferred(['1.234', '012'])
    expect(why).toBe('digits, but "012" has zeros in front, which no number keeps')
    expect((await inferred(['1.234'], ['0.5'])).why).toBeUndefined()
  })
})
