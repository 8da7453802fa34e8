import { expect, test } from 'vitest'
import { fitted } from './fitted.ts'

/** Tables on terminals of any width. */

const columns = [
  { name: 'n', align: 'right' as const },
  { name: 'value', isLong: true },
  { name: 'message', isLong: true },
]
const rows = [
  [1, 'short', 'm'.repeat(40)],
  [22, 'v'.repeat(90), '😀'.repeat(15)],
]
const textOf = (table: string) => table.replaceAll(/[^\n│\p{L}\d😀…]/gu, '').split('\n')

test('what has no width is whole', () => {
  const table = fitted(columns, rows, Number.POSITIVE_INFINITY)
  expect(textOf(table)).toContain(`│1│short│${'m'.repeat(40)}│`)
  expect(textOf(table)).toContain(`│22│${'v'.repeat(90)}│${'😀'.repeat(15)}│`)
})

test.each<[number, number, number]>([
  // Frame and number take 12: what fits is not cut, and the longest gives first.
  [142, 90, 40],
  [141, 89, 40],
  [100, 48, 40],
  [92, 40, 40],
  // Narrower than its least it is, as it must be, too wide.
  [80, 40, 40],
])('%j wide: long texts have %j and %j', (width, value, message) => {
  const table = fitted(columns, rows, width)
  const told = (text: string, most: number) =>
    text.length <= most ? text : `${text.slice(0, most - 1)}…`
  const [v, m] = [told('v'.repeat(90), value), told('m'.repeat(40), message)]
  expect(textOf(table)).toContain(`│1│short│${m}│`)
  expect(textOf(table).find((line) => line.startsWith('│22'))).toContain(`│22│${v}│`)
  for (const line of table.split('\n')) {
    expect(line.replaceAll('😀', 'xx')).toHaveLength(12 + value + message)
  }
})

test('colours take no room', () => {
  const table = fitted(columns, [['\u001b[33m1\u001b[39m', 'v', 'm'.repeat(40)]], 60)
  expect(textOf(table).join()).toContain('m'.repeat(40))
})

test('a table of many rows stays printable, whatever one of them has', () => {
  const many = Array.from({ length: 999 }, () => [1, 'v', 'm'])
  const table = fitted(columns, [...many, [1, 'v'.repeat(5e6), 'm']], Number.POSITIVE_INFINITY)
  expect(table.length).toBeLessThan(3e7)
  expect(table).toContain('v…')
})

test('wide letters cost no more than others, and the frame is as wide', () => {
  const table = fitted(
    columns,
    [
      [1, '日'.repeat(300_000), 'm'],
      [2, 'é', ''],
    ],
    1e9,
  )
  const [top, ...lines] = table.split('\n')
  expect(top).toHaveLength(600_000 + 3 * 3 + 1 + 1 + 7)
  expect(lines[3]).toBe(`│ 2 │ é${' '.repeat(599_999)} │         │`)
})
