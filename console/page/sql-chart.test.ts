import { describe, expect, it, test } from 'vitest'
import type { QueryAnswer } from '../shapes.ts'
import { firstChoice, isNumeric, namesOf, resultChart } from './sql-chart.ts'

function answer(types: string[], rows: (string | null)[][]): QueryAnswer {
  const columns = types.map((told) => {
    const [name = '', type = ''] = told.split(': ')
    return { name, type }
  })
  return { columns, rows, cut: false, seconds: 0 }
}

describe('what is drawn at first', () => {
  const once = [['a', '1', '2']]
  it.each([
    [['city: VARCHAR', 'n: BIGINT', 'm: DOUBLE'], { x: 0, y: [1], by: null, kind: 'bars' }],
    [['n: BIGINT', 'm: DOUBLE', 'at: TIMESTAMP'], { x: 2, y: [0], by: null, kind: 'bars' }],
    [['city: VARCHAR', 'at: DATE', 'n: DECIMAL(8,2)'], { x: 1, y: [2], by: null, kind: 'bars' }],
    [['n: INTEGER', 'm: HUGEINT', 'o: FLOAT'], { x: 0, y: [1], by: null, kind: 'bars' }],
    [['order_id: BIGINT', 'n: BIGINT', 'o: FLOAT'], { x: 0, y: [1], by: null, kind: 'bars' }],
  ])('of %s', (types, choice) => expect(firstChoice(answer(types, once))).toEqual(choice))

  it.each(['city: VARCHAR', 'store_id: BIGINT'])('is one series for each %s of a time', (of) => {
    const types = ['at: TIMESTAMP', 'late: BOOLEAN', of, 'n: BIGINT']
    const rows = ['1', '2'].map((name) => ['2026-01-01 00:00:00', 'false', name, '5'])
    const choice = { x: 0, y: [3], by: 2, kind: 'bars' }
    expect(firstChoice(answer(types, rows))).toEqual(choice)
    expect(firstChoice(answer(types, rows.slice(1)))).toEqual({ ...choice, by: null })
  })

  it('is a line of many times', () => {
    const many = Array.from({ length: 31 }, (_, day) => [`2026-01-${day + 1}`, String(day)])
    expect(firstChoice(answer(['at: DATE', 'n: INTEGER'], many))?.kind).toBe('line')
  })

  it('is nothing where there is no number beside it, or no row', () => {
    expect(firstChoice(answer(['a: VARCHAR', 'b: DATE'], [['x', '2026-01-01']]))).toBeNull()
    expect(firstChoice(answer(['n: BIGINT'], [['1']]))).toBeNull()
    expect(firstChoice(answer(['a: VARCHAR', 'n: BIGINT'], []))).toBeNull()
  })
})

test('numbers by their type', () => {
  const is = (type: string) => isNumeric({ name: '', type })
  expect(['UTINYINT', 'BIGINT', 'DECIMAL(38,0)', 'DOUBLE', 'INTEGER'].every(is)).toBe(true)
  expect(['VARCHAR', 'INTERVAL', 'BIGINT[]', 'DATE', 'STRUCT(n BIGINT)', 'BIT'].some(is)).toBe(
    false,
  )
})

test('a name that is given twice is told apart', () => {
  const columns = ['a', 'a', 'b', 'a'].map((name) => ({ name, type: '' }))
  expect(namesOf(columns)).toEqual(['a', 'a (2)', 'b', 'a (3)'])
})

test('several columns are as many series, along names as they came', () => {
  const given = answer(
    ['city: VARCHAR', 'n: BIGINT', 'm: DOUBLE'],
    [
      ['Rome', '1', '0.5'],
      [null, null, '2'],
    ],
  )
  const { x, series } = resultChart(given, { x: 0, y: [1, 2], by: null, kind: 'bars' })
  expect(x).toEqual({
    label: 'city',
    kind: 'category',
    values: ['Rome', 'NULL'],
    short: ['Rome', 'NULL'],
  })
  expect(series).toEqual([
    { label: 'n', values: [1, null] },
    { label: 'm', values: [0.5, 2] },
  ])
})

test('a column tells series apart, along time', () => {
  const given = answer(
    ['at: TIMESTAMP', 'city: VARCHAR', 'n: BIGINT'],
    [
      ['2026-01-02 00:00:00', 'Rome', '2'],
      ['2026-01-01 00:00:00', 'Rome', '1'],
      ['2026-01-01 00:00:00', 'Oslo', '3'],
    ],
  )
  const { x, series } = resultChart(given, { x: 0, y: [2], by: 1, kind: 'line' })
  expect(x.kind).toBe('time')
  expect(x.values).toEqual(['2026-01-01 00:00:00', '2026-01-02 00:00:00'])
  expect(series).toEqual([
    { label: 'Rome', values: [1, 2] },
    { label: 'Oslo', values: [3, null] },
  ])
})
