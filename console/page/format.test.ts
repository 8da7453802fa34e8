import { expect, it } from 'vitest'
import { bytes, count, duration, exact, percent, relative } from './format.ts'

it.each([
  [0, '0'],
  [1234567, '1,234,567'],
])('writes the number %d', (value, expected) => {
  expect(count(value)).toBe(expected)
})

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1 kB'],
  [1536, '1.5 kB'],
  [81_234, '79 kB'],
  [1023 * 1024, '1 MB'],
  [5 * 2 ** 40, '5 TB'],
  [2 ** 60, '1,048,576 TB'],
])('writes %d bytes', (value, expected) => {
  expect(bytes(value)).toBe(expected)
})

it.each([
  [0, '0 ms'],
  [0.0123, '12 ms'],
  [0.9996, '1 s'],
  [1.25, '1.3 s'],
  [59.96, '1 min'],
  [75, '1 min 15 s'],
  [3600, '1 h'],
  [5430, '1 h 30 min'],
])('writes %d seconds', (value, expected) => {
  expect(duration(value)).toBe(expected)
})

it.each([
  [0, '0 %'],
  [0.0001, '< 0.1 %'],
  [0.1234, '12.3 %'],
  [0.9999, '> 99.9 %'],
  [1, '100 %'],
])('never tells part %d as nothing or all', (value, expected) => {
  expect(percent(value)).toBe(expected)
})

const now = Date.parse('2026-03-14T12:00:00Z')

it.each([
  ['2026-03-14T11:59:57Z', 'now'],
  ['2026-03-14T12:00:09Z', 'now'],
  ['2026-03-14T11:59:18Z', '42 s ago'],
  ['2026-03-14T11:57:00Z', '3 min ago'],
  ['2026-03-14T07:00:00Z', '5 h ago'],
  ['2026-03-02T12:00:00Z', 'Mar 2'],
  ['2024-12-24T12:00:00Z', 'Dec 24, 2024'],
  ['no time', 'no time'],
])('tells how long ago %s was', (at, expected) => {
  expect(relative(at, now)).toBe(expected)
})

it('tells an exact time with its zone, and gives back what is none', () => {
  expect(exact('2026-03-14T09:30:05Z')).toMatch(/^14 Mar 2026, \d\d:\d\d:05 \S+/)
  expect(exact('x')).toBe('x')
})
