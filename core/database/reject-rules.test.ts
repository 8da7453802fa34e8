import { expect, test } from 'vitest'
import { MAX_RULES, RejectRules } from './reject-rules.ts'

const error = (rule: string, field?: string | null) => ({ rule, field: field ?? null, message: '' })

function counted(...records: [rule: string, field?: string | null][][]) {
  const rules = new RejectRules()
  for (const errors of records) rules.add(errors.map(([rule, field]) => error(rule, field)))
  return rules.list()?.map(({ rule, field, records }) => [rule, field, records])
}

test('a record counts once for each rule and field that it breaks', () => {
  expect(counted([['type-error', 'a']], [['type-error', 'a']])).toEqual([['type-error', 'a', 2]])
  const twice: [string, string][] = [
    ['constraint-error', 'a'],
    ['constraint-error', 'a'],
    ['constraint-error', 'b'],
  ]
  expect(counted(twice, [['constraint-error', 'a']])).toEqual([
    ['constraint-error', 'a', 2],
    ['constraint-error', 'b', 1],
  ])
})

test('no field, null and names that look alike are told apart', () => {
  const rules = new RejectRules()
  rules.add([{ rule: 'blank-row', message: '' }])
  rules.add([{ rule: 'blank-row', field: null, message: '' }])
  rules.add([{ rule: 'blank-row', field: '', message: '' }])
  expect(rules.list()).toEqual([
    { rule: 'blank-row', field: null, records: 2 },
    { rule: 'blank-row', field: '', records: 1 },
  ])
})

test('the most frequent ones are kept', () => {
  const rules = new RejectRules()
  for (let i = 0; i < 3 * MAX_RULES; i++) rules.add([error('type-error', `field ${i}`)])
  rules.add([error('type-error', 'often')])
  rules.add([error('type-error', 'often')])
  const list = rules.list()!
  expect(list).toHaveLength(MAX_RULES)
  expect(list[0]).toEqual({ rule: 'type-error', field: 'often', records: 2 })
})

test('nothing was rejected', () => {
  expect(new RejectRules().list()).toBe(undefined)
})
