import { expect, test } from 'vitest'
import { openDuck, openPrivateDuck } from '../duck/duckdb.ts'
import { holds, rewritten } from './predicate.ts'

const rows = `(VALUES ('abc'), (''), (NULL), ('é😀'), ('${'x'.repeat(100_000)}')) t(x)`
const isLong = holds('test-long', (text) => text.length > 3, 'x')
const doubled = rewritten('test-doubled', (text) => text + text, 'x')

test.each([
  ['for large objects', () => openDuck()],
  ['for small objects', () => openDuck(1)],
  ['of its own', () => openPrivateDuck()],
])('a DuckDB %s calls predicates and rewritings of texts', async (_, open) => {
  const duck = await open()
  expect(await duck.all(`SELECT ${isLong}, length(${doubled}) FROM ${rows}`)).toEqual([
    [false, 6n],
    [false, 0n],
    [null, null],
    [false, 4n],
    [true, 200_000n],
  ])
  duck.close()
})

test('several connections call them at once, in statements of many rows', async () => {
  const even = holds('test-even', (text) => Number(text) % 2 === 0, 'i::VARCHAR')
  const counts = await Promise.all(
    [1, 2, 3].map(async () => {
      const duck = await openDuck()
      const found = await duck.all(`SELECT count(*) FILTER (${even}) FROM range(50000) t(i)`)
      duck.close()
      return found
    }),
  )
  expect(counts).toEqual([[[25_000n]], [[25_000n]], [[25_000n]]])
})

test('a name that nobody gave is NULL, and no error', async () => {
  const duck = await openDuck()
  expect(await duck.all(`SELECT sluice_holds('none', 'x'), sluice_rewritten('none', 'x')`)).toEqual(
    [[null, null]],
  )
  duck.close()
})
