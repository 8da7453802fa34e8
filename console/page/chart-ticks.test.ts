import { describe, expect, it, test } from 'vitest'
import { axisFigures, figure, shortened, shortKey, timeTicks } from './chart-ticks.ts'

const at = (text: string) => Date.parse(`${text}Z`) / 1000

describe('ticks of time, in UTC whatever the reader has', () => {
  it('has the day below the time where it begins', () => {
    const ticks = ['2026-03-14T22:00', '2026-03-14T23:00', '2026-03-15T00:00', '2026-03-15T01:00']
    expect(timeTicks(ticks.map(at), 3600)).toEqual([
      '22:00\n14 Mar',
      '23:00',
      '00:00\n15 Mar',
      '01:00',
    ])
  })

  it.each([
    [1, ['22:00:05\n14 Mar']],
    [60, ['22:00\n14 Mar']],
    [86_400, ['14 Mar']],
    [30 * 86_400, ['Mar 2026']],
    [365 * 86_400, ['2026']],
  ])('every %i seconds', (step, told) => {
    expect(timeTicks([at('2026-03-14T22:00:05')], step)).toEqual(told)
  })
})

test('figures', () => {
  expect([1234.5, 0.12345678, 0, null, undefined].map(figure)).toEqual([
    '1,234.5',
    '0.1235',
    '0',
    '–',
    '–',
  ])
  expect(axisFigures([0, 950, 12_500, 3_000_000])).toEqual(['0', '950', '12.5K', '3M'])
  expect(axisFigures([0, 0.0125, 1], true)).toEqual(['0%', '1.25%', '100%'])
})

test('names keep their ends', () => {
  expect(shortKey('bronze/shop/orders/2026-01.csv')).toBe('2026-01.csv')
  expect(shortKey('a/customers-of-2026-01.csv', 12)).toBe('…2026-01.csv')
  expect(shortened('short')).toBe('short')
  expect(shortened('😀😀😀😀', 3)).toBe('…😀😀')
})
