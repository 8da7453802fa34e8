import { describe, expect, it, test } from 'vitest'
import { queriesOf, withQuery } from './sql-history.ts'
import { sharedPath, sharedQuery } from './sql-share.ts'

test('the newest query stands first, and each once', () => {
  expect(withQuery(['b', 'a'], ' a\n')).toEqual(['a', 'b'])
  expect(withQuery(['a'], '  ')).toEqual(['a'])
})

test('twenty are kept', () => {
  const many = Array.from({ length: 20 }, (_, index) => `q${index}`)
  const now = withQuery(many, 'new')
  expect(now).toHaveLength(20)
  expect([now[0], now.at(-1)]).toEqual(['new', 'q18'])
})

test.each([null, '', 'no JSON', '{"a":1}', '7'])('of %s none was kept', (text) => {
  expect(queriesOf(text)).toEqual([])
})

test('what is no text is left out', () => {
  expect(queriesOf('["a",1,null,"b"]')).toEqual(['a', 'b'])
})

describe('a query in an address', () => {
  it.each(['SELECT \'a&b\' AS "x#y"\n-- 100 %', 'SELECT 😀'])('comes back: %s', (sql) => {
    const path = sharedPath(sql)
    expect(path).toMatch(/^\/sql#sql=[^ \n]+$/)
    expect(sharedQuery(path.slice(path.indexOf('#')))).toBe(sql)
  })

  it.each(['', '#held', '#sql=', '#sql=%E0%A4%A'])('is none: %s', (hash) => {
    expect(sharedQuery(hash)).toBeNull()
  })
})
