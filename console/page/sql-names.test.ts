import { describe, expect, it, test } from 'vitest'
import { catalogsOf, examplesOf, quotedName } from './sql-names.ts'

describe('a name', () => {
  it.each([
    ['order_id', 'order_id'],
    ['order', '"order"'],
    ['Order', '"Order"'],
    ['2026', '"2026"'],
    ['a"b', '"a""b"'],
    ['naïve', '"naïve"'],
    ['', '""'],
  ])('%s is written %s', (name, written) => expect(quotedName(name)).toBe(written))
})

const table = (name: string, ...columns: string[]) => {
  return {
    name,
    columns: columns.map((told) => ({ name: told.split(' ')[0]!, type: told.split(' ')[1]! })),
  }
}

test('examples are of tables that are there', () => {
  expect(examplesOf([]).map(({ label }) => label)).toEqual(['What can be asked'])
  const tables = [
    table('shop.orders', 'id BIGINT'),
    table('windows.till.receipts_sales', 'window_start TIMESTAMP', 'store VARCHAR', 'group BIGINT'),
    table('quarantine._unknown', 'errors STRUCT(rule VARCHAR)[]'),
    table('quarantine.shop.orders', 'errors STRUCT(rule VARCHAR)[]'),
  ]
  const examples = examplesOf(tables)
  const sql = examples.map((one) => one.sql.replaceAll('\n', ' '))
  expect(sql).toEqual([
    'SHOW ALL TABLES',
    'SELECT * FROM shop.orders LIMIT 100',
    'SUMMARIZE shop.orders',
    'SELECT error.rule, error.field, count(*) AS records FROM quarantine.shop.orders, ' +
      'unnest(errors) AS one(error) GROUP BY ALL ORDER BY records DESC',
    'SELECT window_start, sum("group") AS "group" FROM windows.till.receipts_sales ' +
      'GROUP BY ALL ORDER BY ALL',
  ])
})

test('tables by their catalog: one that needs no such word is of Silver', () => {
  const names = ['quarantine._unknown', 'events.a.b', 'a.b', 'silver.events.b', 'eventful.b']
  expect(catalogsOf(names.map((name) => table(name)))).toEqual([
    ['silver', [table('a.b'), table('silver.events.b'), table('eventful.b')]],
    ['events', [table('events.a.b')]],
    ['quarantine', [table('quarantine._unknown')]],
  ])
})
