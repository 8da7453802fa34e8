import { describe, expect, it, test } from 'vitest'
import {
  type ChartSeries,
  drawnOf,
  MOST_SERIES,
  numberOf,
  positionsOf,
  secondsOf,
  stackedOf,
  stepOf,
} from './chart-data.ts'

describe('seconds of a text', () => {
  const noon = Date.UTC(2026, 2, 14, 12) / 1000
  it.each([
    ['2026-03-14', noon - 12 * 3600],
    ['2026-03-14 12:00', noon],
    ['2026-03-14 12:00:00', noon],
    ['2026-03-14 12:00:00.25', noon + 0.25],
    ['2026-03-14T12:00:00.000Z', noon],
    ['2026-03-14 14:00:00+02', noon],
    ['2026-03-14 06:30:00-0530', noon],
    ['2026-03-14 17:45:00+05:45', noon],
  ])('%s', (text, seconds) => expect(secondsOf(text)).toBe(seconds))

  it.each([null, '', '14.03.2026', '2026-13-40', '12:00', '2026-03-14 25:00', 'x 2026-03-14'])(
    'none of %s',
    (text) => expect(secondsOf(text)).toBeNull(),
  )
})

test('a number is finite, and no number is made of nothing', () => {
  expect(['1234.50', '-2', '1e3', '0'].map(numberOf)).toEqual([1234.5, -2, 1000, 0])
  expect([null, '', ' ', 'NaN', 'inf', 'a'].map(numberOf)).toEqual(Array(6).fill(null))
})

test('names stand one after another, numbers and times where they are', () => {
  const axis = { label: '', values: ['3', '1', '7'] }
  expect(positionsOf({ ...axis, kind: 'category' })).toEqual([0, 1, 2])
  expect(positionsOf({ ...axis, kind: 'number' })).toEqual([3, 1, 7])
  const days = ['1970-01-01', '1970-01-02']
  expect(positionsOf({ label: '', values: days, kind: 'time' })).toEqual([0, 86_400])
})

test('bars are as far apart as the nearest two; some distance there always is', () => {
  expect(stepOf([0, 300, 600, 1200])).toBe(300)
  expect(stepOf([5, 5, 7])).toBe(2)
  expect(stepOf([5])).toBe(1)
  expect(stepOf([])).toBe(1)
})

test('a series is stacked on the sum of those before it', () => {
  const series = [
    { label: 'a', values: [1, null, 3] },
    { label: 'b', values: [10, 20, null] },
  ]
  expect(stackedOf(series)).toEqual([
    { label: 'a', values: [1, 0, 3] },
    { label: 'b', values: [11, 20, 3] },
  ])
})

test('of too many series the largest are drawn, in the order that they had', () => {
  const series: ChartSeries[] = [5, -90, 7, 1, 8, 9, 6, 2].map((value) => {
    return { label: String(value), values: [value, null] }
  })
  const drawn = drawnOf({ kind: 'line', series }).map(({ label }) => label)
  expect(drawn).toHaveLength(MOST_SERIES)
  expect(drawn).toEqual(['5', '-90', '7', '8', '9', '6'])
  const few = series.slice(0, MOST_SERIES)
  expect(drawnOf({ kind: 'stacked', series: few })).toEqual(few)
})

test('a stack is as high as all series together: those that are too many stand as one', () => {
  const series = [5, 9, 7, 1, 8, null, 6, 2].map((value, index) => {
    return { label: `s${index}`, values: [value, 10] }
  })
  const drawn = drawnOf({ kind: 'stacked', series })
  expect(drawn.map(({ label }) => label)).toEqual(['s0', 's1', 's2', 's4', 's6', '3 others'])
  expect(drawn.at(-1)?.values).toEqual([3, 30])
})
