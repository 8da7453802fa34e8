import { expect, it } from 'vitest'
import { ApiError, messageOf, parsed, pathWith } from './api.ts'
import { thereOf } from './upload.ts'

it('asks with what is given, and leaves out what is not', () => {
  const asked = { search: 'a&b=ü', dataset: '', status: undefined, cursor: null, limit: 0 }
  expect(pathWith('/api/objects', asked)).toBe('/api/objects?search=a%26b%3D%C3%BC&limit=0')
  expect(pathWith('/api/objects', {})).toBe('/api/objects')
})

it("tells a refusal in the server's words, or what to do where it has none", () => {
  expect(messageOf(400, { error: 'cursor: none of this list' })).toBe('cursor: none of this list')
  expect(messageOf(401, 'no')).toContain('open the whole address')
  expect(messageOf(502, '<html>')).toContain('status 502')
})

it('takes an answer that is no JSON as its text', () => {
  expect(parsed('{"a":1}')).toEqual({ a: 1 })
  expect(parsed('<html>')).toBe('<html>')
})

it.each([
  [409, { error: 'taken', there: 'e1' }, 'e1'],
  [409, { error: 'gone', there: null }, null],
  [409, { error: 'another' }, undefined],
  [400, { error: 'no', there: 'e1' }, undefined],
  [409, 'no JSON', undefined],
])('of status %d and %j, what is there is %j', (status, body, expected) => {
  expect(thereOf(new ApiError('no', status, body))).toBe(expected)
})
