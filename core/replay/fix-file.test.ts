import fc from 'fast-check'
import { expect, test } from 'vitest'
import { csvLine, csvRows } from '../text/csv-rows.ts'
import { fixFileOf, ownColumns } from './fix-file.ts'

/** The file of rejects, as people and spreadsheets leave it. */

async function* pieces(text: string, size: number): AsyncIterable<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size)
}

async function cut(text: string, delimiter = ',', size = 3): Promise<string[][]> {
  const rows: string[][] = []
  for await (const { cells } of csvRows(pieces(text, size), delimiter)) rows.push(cells)
  return rows
}

async function linesOf(text: string): Promise<number[]> {
  const lines: number[] = []
  for await (const { line } of csvRows(pieces(text, 2), ',')) lines.push(line)
  return lines
}

test('what is written is cut into the same cells, wherever the pieces end', async () => {
  const cell = fc.oneof(fc.string(), fc.stringMatching(/^["',;\t \r\na]{0,6}$/))
  const rows = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 5 }), async (rows, size) => {
      expect(await cut(rows.map(csvLine).join(''), ',', size)).toEqual(rows)
    }),
  )
})

test.each([
  [
    'a,b\r\nc,d',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  [
    'a,b\rc,d\r',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  ['\n\na,\n\r\n', [['a', '']]],
  ['"a\n""b""",c\n', [['a\n"b"', 'c']]],
  ['a "b" c,d"\n', [['a "b" c', 'd"']]],
  ['"",""\n', [['', '']]],
])('%j', async (text, rows) => {
  for (const size of [1, 2, 100]) expect(await cut(text, ',', size)).toEqual(rows)
})

test.each([
  ['a\n"b\n', /the row of line 2 .*it is never closed/],
  ['"a"b,c\n', /the row of line 1 .*something follows its end/],
])('a broken quote is told with its line: %j', async (text, message) => {
  await expect(cut(text)).rejects.toThrow(message)
})

test('a row has the line that it begins in', async () => {
  expect(await linesOf('a\n\n"b\nb"\r\nc')).toEqual([1, 3, 5])
})

test.each([
  [['id', 'name'], '_object'],
  [['id', '_record'], '__object'],
  [['__OBJECT', '_raw'], '___object'],
])('our columns beside data named %j', async (labels, column) => {
  const own = ownColumns(['object', 'version', 'record'], labels)
  expect(own[0]).toBe(column)
  const text = `${csvLine([...own, ...labels])}${csvLine(['o', 'v', '7', ...labels])}`
  const file = await fixFileOf(pieces(text, 4), 'fix.csv')
  expect(file.labels).toEqual(labels)
  for await (const row of file.rows) {
    expect(row).toMatchObject({ object: 'o', version: 'v', record: 7, cells: labels, beyond: [] })
  }
})

test.each([',', ';', '\t'])('columns in any order, cut by %j', async (delimiter) => {
  const lines = ['id,_record,_object,a,_version', '1,2.0,o,x,v,,more', '3']
  const text = lines.join('\n').replaceAll(',', delimiter)
  const file = await fixFileOf(pieces(text, 5), 'fix.csv')
  const rows = []
  for await (const row of file.rows) rows.push(row)
  expect(rows).toMatchObject([
    { line: 2, record: 2, object: 'o', version: 'v', cells: ['1', 'x'], beyond: ['', 'more'] },
    { line: 3, record: Number.NaN, object: '', cells: ['3', ''], errors: undefined },
  ])
})

test('a first line that is no header is refused, however long or wide it is', async () => {
  await expect(fixFileOf(pieces(','.repeat(500_000), 1 << 16), 'f')).rejects.toThrow('no column _o')
  const long = pieces('a'.repeat((4 << 20) + 1), 1 << 16)
  await expect(fixFileOf(long, 'f')).rejects.toThrow('f: its first line has more than 4,194,304 ch')
})
