import { expect, it } from 'vitest'
import { type Marked, mark } from './marking.ts'

const cells = (...values: string[]) => values.map((value, at) => ({ label: 'abcdef'[at]!, value }))

/** The marked parts stand in brackets. */
const shown = (marked: Marked[] | undefined) =>
  marked?.map(({ text, field }) => (field === undefined ? text : `[${text}]`)).join('')

it.each([
  ['1,x,3', cells('1', 'x', '3'), '1,[x],3'],
  ['1;x;3\r\n', cells('1', 'x', '3'), '1;[x];3\r\n'],
  ['1\tx\t3', cells('1', 'x', '3'), '1\t[x]\t3'],
  ['1||x||3', cells('1', 'x', '3'), '1||[x]||3'],
  ['"1","x, y","3"', cells('1', 'x, y', '3'), '"1",["x, y"],"3"'],
  ['1,"say ""x""",3', cells('1', 'say "x"', '3'), '1,["say ""x"""],3'],
  ['1,"say \\"x\\"",3', cells('1', 'say "x"', '3'), '1,["say \\"x\\""],3'],
  ["'1','x','3'", cells('1', 'x', '3'), "'1',['x'],'3'"],
  ['1, x, 3', cells('1', 'x', '3'), '1,[ x], 3'],
  ['1,two\nlines,3', cells('1', 'two\nlines', '3'), '1,[two\nlines],3'],
  ['1,,3', cells('1', '', '3'), '1,[],3'],
  ['1,"",3', cells('1', '', '3'), '1,[""],3'],
  ['x', [{ label: 'b', value: 'x' }], '[x]'],
  ['1,1,1', cells('1', '1', '1'), '1,[1],1'],
])('marks the cell of a field in %j', (text, values, expected) => {
  expect(shown(mark(text, values, { fields: new Set(['b']) }))).toBe(expected)
})

it('leaves a record that has fewer cells than the header as far as it goes', () => {
  expect(shown(mark('1,x', cells('1', 'x', ''), { fields: new Set(['b']) }))).toBe('1,[x]')
})

it('marks cells that the header has no label for, where they are what is wrong', () => {
  const wrong = { fields: new Set<string>(), rest: true }
  expect(shown(mark('1,x,Jane\n', cells('1', 'x'), wrong))).toBe('1,x[,Jane]\n')
  expect(shown(mark('1,x', cells('1', 'x'), wrong))).toBe('1,x')
})

it('marks cells that have no label, where they are what is wrong', () => {
  const given = [{ label: 'a', value: '1' }, ...['x', ''].map((value) => ({ label: '', value }))]
  expect(shown(mark('1,x,', given, { fields: new Set(), rest: true }))).toBe('1,[x],[]')
})

it('marks what it has of a text that is cut', () => {
  const wrong = { fields: new Set(['b', 'c']), isCut: true }
  expect(shown(mark('1,x,lon', cells('1', 'x', 'longer'), wrong))).toBe('1,[x],lon')
})

it.each([
  ['another value', '1,x,3', cells('1', 'y', '3')],
  ['a value that only begins so', '1,xy,3', cells('1', 'x', '3')],
  ['a quote that is not closed', '1,"x', cells('1', 'x')],
  ['no cells', '1,x', []],
  ['another delimiter further on', '1,x;3', cells('1', 'x', '3')],
])('marks nothing rather than the wrong thing: %s', (_, text, values) => {
  expect(mark(text, values, { fields: new Set(['b']) })).toBeUndefined()
})
