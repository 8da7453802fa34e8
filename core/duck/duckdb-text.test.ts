import { expect, test } from 'vitest'
import { openDuck, openPrivateDuck } from './duckdb.ts'

const texts = ['\ufeff', '\ufeffa', '\ufeff a text of more than twelve bytes', 'a\ufeff', 'é\0😀']

test.each(texts)('a text comes out of DuckDB as it is: %j', async (text) => {
  const sql = `SELECT ${[...text].map((one) => `chr(${one.codePointAt(0)})`).join(' || ')} AS t`
  const duck = await openDuck(0)
  expect(await duck.all(sql)).toEqual([[text]])
  expect(await gathered(duck.rows(sql))).toEqual([[text]])
  duck.close()
  const own = await openPrivateDuck('1')
  expect(await gathered((await own.prepare(sql)).rows())).toEqual([[text]])
  own.close()
})

async function gathered(rows: AsyncIterable<unknown[]>): Promise<unknown[][]> {
  const all: unknown[][] = []
  for await (const row of rows) all.push(row)
  return all
}
