import { expect, test } from 'vitest'
import { isTooSparse, pivoted } from './chart-pivot.ts'

const point = (x: string, of: string, y: number | null) => ({ x, of, y })

test('a series for each name; places that it has no point at are empty', () => {
  const points = [point('10', 'b', 1), point('9', 'a', 2), point('10', 'a', 3)]
  expect(pivoted(points, { label: 'n', kind: 'number' })).toEqual({
    axis: { label: 'n', kind: 'number', values: ['9', '10'] },
    series: [
      { label: 'b', values: [null, 1] },
      { label: 'a', values: [2, 3] },
    ],
    places: [1, 0, 1],
  })
})

test('names stand as they came first', () => {
  const { axis } = pivoted([point('z', 'a', 1), point('a', 'a', 2), point('z', 'b', 3)], {
    label: '',
    kind: 'category',
  })
  expect(axis.values).toEqual(['z', 'a'])
})

test('points that share their x stand beside each other: nothing is added up or lost', () => {
  const points = [point('x', 'a', 1), point('x', 'a', 2), point('x', 'b', 3)]
  const { axis, series } = pivoted(points, { label: '', kind: 'category' })
  expect(axis.values).toEqual(['x', 'x'])
  expect(series.map(({ values }) => values)).toEqual([
    [1, 2],
    [3, null],
  ])
})

test('what is no time has no place along time', () => {
  const points = [point('soon', 'a', 1), point('2026-01-02', 'a', 2), point('2026-01-01', 'a', 3)]
  const { axis, series, places } = pivoted(points, { label: '', kind: 'time' })
  expect(axis.values).toEqual(['2026-01-01', '2026-01-02'])
  expect(series).toEqual([{ label: 'a', values: [3, 2] }])
  expect(places).toEqual([-1, 1, 0])
})

test('five minutes a month apart are too thin to be seen', () => {
  const axis = (...values: string[]) => ({ label: '', kind: 'time', values }) as const
  const apart = axis('2026-01-01 00:00', '2026-01-01 00:05', '2026-02-01 00:00')
  expect(isTooSparse(apart)).toBe(true)
  expect(isTooSparse(axis('2026-01-01 00:00', '2026-01-01 00:05', '2026-01-01 02:00'))).toBe(false)
  expect(isTooSparse(axis('2026-01-01 00:00'))).toBe(false)
})
