import { expect, test } from 'vitest'
import { qualityChart } from './dataset-quality.ts'

const rule = (name: string, field: string | null, records: number) => {
  return { rule: name, field, records }
}

const quality = [
  { object: 'bronze/shop/a.csv', at: '', records: 100, accepted: 90, rules: [] },
  {
    object: 'bronze/shop/b.csv',
    at: '',
    records: 10,
    accepted: 5,
    rules: [rule('type-error', 'id', 1), rule('type-error', 'day', 1), rule('blank-row', null, 4)],
  },
  { object: 'bronze/shop/c.csv', at: '', records: 0, accepted: 0, rules: [] },
]

test('the share that was not accepted; an object without records has none', () => {
  const { kind, x, series, isShare } = qualityChart(quality, 'share')
  expect(x.values).toEqual(quality.map(({ object }) => object))
  expect(x.short).toEqual(['a.csv', 'b.csv', 'c.csv'])
  expect(series).toEqual([{ label: 'not accepted', values: [0.1, 0.5, null] }])
  expect([kind, isShare]).toEqual(['bars', true])
})

test('records, accepted and not, add up to all', () => {
  const { kind, series } = qualityChart(quality, 'records')
  expect(series.map(({ values }) => values)).toEqual([
    [90, 5, 0],
    [10, 5, 0],
  ])
  expect(kind).toBe('stacked')
})

test('errors by rule, whatever the field; the commonest first', () => {
  expect(qualityChart(quality, 'rule').series).toEqual([
    { label: 'blank-row', values: [0, 4, 0] },
    { label: 'type-error', values: [0, 2, 0] },
  ])
})

test('errors by field; those of no field are of the whole record', () => {
  expect(qualityChart(quality, 'field').series).toEqual([
    { label: 'the whole record', values: [0, 4, 0] },
    { label: 'id', values: [0, 1, 0] },
    { label: 'day', values: [0, 1, 0] },
  ])
})
