import { expect, test } from 'vitest'
import { Rates } from './rates.ts'

test('records a second, from one look to the next', () => {
  const rates = new Rates()
  expect(rates.look('a', 100, 5_000)).toBeNull()
  expect(rates.look('a', 300, 7_000)).toBe(100)
  expect(rates.look('b', 300, 7_000)).toBeNull()
  expect(rates.look('a', 300, 9_000)).toBe(0)
})

test('who looks right after another is told the same', () => {
  const rates = new Rates()
  rates.look('a', 0, 0)
  expect(rates.look('a', 10, 2_000)).toBe(5)
  expect(rates.look('a', 999, 2_001)).toBe(5)
  expect(rates.look('a', 30, 4_000)).toBe(10)
})

test('a checkpoint that was put back gives no rate below zero', () => {
  const rates = new Rates()
  rates.look('a', 100, 0)
  expect(rates.look('a', 40, 2_000)).toBe(0)
})
