import { expect, it } from 'vitest'
import { mendedCells } from './mend-cells.ts'

const cells = [
  { label: 'id', value: ' 007\u00a0' },
  { label: 'note', value: 'two\r\nlines' },
  { label: 'text', value: 'a\nb' },
  { label: '', value: 'beyond' },
]

it('what nobody touched stays as it came, and what has no column stays out', () => {
  expect(mendedCells(cells, {})).toEqual(cells.slice(0, 3))
})

it('a cell that was written anew keeps the line ends of its record', () => {
  expect(mendedCells(cells, { 1: 'three\nshort\nlines', 2: 'c\nd' })).toEqual([
    cells[0],
    { label: 'note', value: 'three\r\nshort\r\nlines' },
    { label: 'text', value: 'c\nd' },
  ])
})

it('a cell may be emptied', () => {
  expect(mendedCells(cells, { 0: '' })[0]).toEqual({ label: 'id', value: '' })
})
