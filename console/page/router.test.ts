import { expect, it } from 'vitest'
import { parseRoute, pathTo } from './router.ts'

it.each([
  ['/', 'flow', {}],
  ['/?search=a%20b&status=held', 'flow', { search: 'a b', status: 'held' }],
  ['/object?key=bronze%2Fshop%2Fa%26b%3D.csv', 'object', { key: 'bronze/shop/a&b=.csv' }],
  [
    '/rejects?dataset=shop.orders&rule=type-error',
    'rejects',
    { dataset: 'shop.orders', rule: 'type-error' },
  ],
  [
    '/stream?dataset=till.receipts&window=revenue',
    'stream',
    { dataset: 'till.receipts', window: 'revenue' },
  ],
  ['/sql', 'sql', {}],
] as const)('%s is a view with its settings, and back', (path, view, params) => {
  const { pathname, search } = new URL(path, 'http://localhost')
  expect(parseRoute(pathname, search)).toEqual({ view, params })
  expect(pathTo(view, params)).toBe(path)
})

it.each(['/nowhere', '/object/x', '/constructor', '//', ''])('%j is no view', (path) => {
  expect(parseRoute(path, '').view).toBeNull()
})

it('a key of any kind stays a key: it is neither a path nor a setting of its own', () => {
  for (const key of [
    'javascript:alert(1)',
    '../../etc',
    '//host/x',
    'a&rule=b',
    '#x',
    '%2e%2e',
    '\u202e',
  ]) {
    const { pathname, search, hash } = new URL(pathTo('object', { key }), 'http://localhost')
    expect(hash).toBe('')
    expect(parseRoute(pathname, search)).toEqual({ view: 'object', params: { key } })
  }
})

it('leaves out what is empty', () => {
  expect(pathTo('rejects', { dataset: '', rule: null, field: undefined })).toBe('/rejects')
})
