import { join } from 'node:path'
// @ts-expect-error: it has no types
import parquetjs from 'parquetjs-lite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { resource, runSilver, TestLake } from '../stages.fixture.ts'

let files: TestLake

beforeEach(() => {
  files = new TestLake()
})
afterEach(() => files.close())

test('parquetjs-lite reads a snappy dataset without decimals, with equal values', async () => {
  const fields = ['id:integer', 'name', 'n:number', 'ok:boolean', 'day:date', 'o:object']
  files.describe('p', resource('t', fields, {}, { compression: 'snappy' }))
  const rows = [
    '7,"a, ""é"" 🦆",0.1,true,2024-02-29,"{""a"": 1.10}"',
    '8,,-1e300,false,1969-12-31,',
  ]
  files.put('bronze/p/t/a.csv', `id,name,n,ok,day,o\n${rows.join('\n')}\n`)
  await runSilver(files.lake, 'bronze/p/t/a.csv')
  const found = []
  for await (const { key } of files.lake.store.list('silver/')) {
    if (key.endsWith('.parquet')) found.push(...(await readAll(join(files.folder, key))))
  }
  // What is missing has no property there.
  expect(found).toEqual([
    { id: 7n, name: 'a, "é" 🦆', n: 0.1, ok: true, day: new Date('2024-02-29'), o: '{"a": 1.10}' },
    { id: 8n, n: -1e300, ok: false, day: new Date('1969-12-31') },
  ])
})

async function readAll(path: string): Promise<object[]> {
  const reader = await parquetjs.ParquetReader.openFile(path)
  const cursor = reader.getCursor()
  const rows: object[] = []
  for (let row = await cursor.next(); row; row = await cursor.next()) rows.push({ ...row })
  await reader.close()
  return rows
}
