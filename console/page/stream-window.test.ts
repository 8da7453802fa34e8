import { expect, test } from 'vitest'
import type { WindowAnswer } from '../shapes.ts'
import { groupsOf, plainTime, windowChart } from './stream-window.ts'

type Row = WindowAnswer['rows'][number]

const row = (clock: string, values: Row['values'], marks: Partial<Row> = {}): Row => {
  const start = `2026-03-14T${clock}:00.000Z`
  return { start, end: start, late: false, open: false, values, ...marks }
}

const answer: WindowAnswer = {
  groups: ['store', 'payment'],
  measures: ['orders', 'revenue'],
  rows: [
    row('09:30', ['rome', 'card', '5', '10.50']),
    row('09:30', ['oslo', null, '1', '2.00'], { late: true }),
    row('09:35', ['rome', 'card', '7', null], { open: true }),
  ],
}

test('a series for each group, along the starts of windows', () => {
  expect(groupsOf(answer)).toEqual(['rome · card', 'oslo · NULL'])
  const { x, series } = windowChart(answer, { measure: 'revenue', group: null, kind: 'line' })
  expect(x.kind).toBe('time')
  expect(x.values).toEqual(['2026-03-14 09:30:00', '2026-03-14 09:35:00'])
  expect(series).toEqual([
    { label: 'rome · card', values: [10.5, null] },
    { label: 'oslo · NULL', values: [2, null] },
  ])
})

test('windows with late records, and open ones, are marked', () => {
  const chart = windowChart(answer, { measure: 'orders', group: null, kind: 'bars' })
  expect(chart.marks?.map(({ label, at }) => [label, at])).toEqual([
    ['has late records', [0]],
    ['is still open', [1]],
  ])
})

test('of one group, its windows and marks alone', () => {
  const choice = { measure: 'orders', group: 'rome · card', kind: 'bars' } as const
  const { series, marks } = windowChart(answer, choice)
  expect(series).toEqual([{ label: 'rome · card', values: [5, 7] }])
  expect(marks?.map(({ at }) => at)).toEqual([[], [1]])
})

test('without groups the series is called like the measure', () => {
  const plain = { groups: [], measures: ['orders'], rows: [row('09:30', ['5'])] }
  const { series } = windowChart(plain, { measure: 'orders', group: null, kind: 'bars' })
  expect(series).toEqual([{ label: 'orders', values: [5] }])
})

test('bars of windows that lie far apart stand beside each other; lines do not', () => {
  const far = { ...row('09:35', ['5']), start: '2026-09-14T09:30:00.000Z' }
  const rows = [row('09:30', ['5']), row('09:35', ['6']), far]
  const plain = { groups: [], measures: ['orders'], rows }
  const kindOf = (kind: 'bars' | 'line') =>
    windowChart(plain, { measure: 'orders', group: null, kind }).x.kind
  expect([kindOf('bars'), kindOf('line')]).toEqual(['category', 'time'])
})

test('a time as SQL has it', () => {
  expect(plainTime('2026-03-14T09:30:00.000Z')).toBe('2026-03-14 09:30:00')
  expect(plainTime('2026-03-14T09:30:00.125Z')).toBe('2026-03-14 09:30:00.125')
})
