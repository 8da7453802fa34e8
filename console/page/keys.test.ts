import { expect, it } from 'vitest'
import { keyName } from './keys.ts'

const names = ['/', 'j', 'g f', 'g r', '?']

it.each([
  ['/', undefined, { name: '/' }],
  ['g', undefined, { begun: 'g' }],
  ['f', 'g', { name: 'g f' }],
  ['f', undefined, {}],
  ['x', 'g', {}],
  ['g', 'g', { begun: 'g' }],
  ['j', 'g', { name: 'j' }],
])('%j after %j', (key, begun, expected) => {
  expect(keyName(key, begun, names)).toEqual(expected)
})
