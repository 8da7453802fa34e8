import type { SQSEvent } from 'aws-lambda'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../../core/database/database.ts'
import type { Outcome } from '../../core/outcome.ts'
import type { Left } from '../../core/queue.ts'
import { freshDatabase } from '../../local/fresh-database.ts'
import { batchOf, resource, TestLake, TestRaw } from '../stages.fixture.ts'
import { rawIngestion } from './handler.ts'

/** A batch whose objects land, and after which nothing can be settled. */

let files: TestLake
let fresh: Awaited<ReturnType<typeof freshDatabase>>
let raw: TestRaw
let broken: Database

beforeAll(async () => {
  files = new TestLake()
  files.describe('p', resource('t', ['id:integer']))
  fresh = await freshDatabase()
  raw = await TestRaw.open(files.lake, fresh.url)
  broken = {
    ...raw.database,
    async read(sql, values) {
      if (sql.includes('sluice.due')) throw new Error('no right to it')
      return raw.database.read(sql, values)
    },
  }
})

afterAll(async () => {
  await raw.database.end()
  await fresh.drop()
  files.close()
})

async function run(keys: string[], receives: number) {
  const given: Left[] = []
  const ends: Outcome[] = []
  const queue = { giveBack: async (left: Left[]) => void given.push(...left) }
  const handler = rawIngestion(files.lake, broken, (end) => ends.push(end), queue)
  const event = batchOf(files.lake, keys) as SQSEvent
  for (const record of event.Records) {
    record.attributes = { ApproximateReceiveCount: `${receives}` } as typeof record.attributes
  }
  const { batchItemFailures } = await handler(event)
  return { failed: batchItemFailures.length, given: given.length, ends }
}

test('one message comes again for it, and not all: their objects have landed', async () => {
  const keys = ['1', '2', '3'].map((name) => `bronze/p/t/${name}.csv`)
  for (const [i, key] of keys.entries()) files.put(key, `id\n${i}\n`)
  const { failed, given, ends } = await run(keys, 1)
  expect(ends.map(({ status }) => status)).toEqual(['loaded', 'loaded', 'loaded'])
  expect({ failed, given }).toEqual({ failed: 1, given: 1 })
})

test('what fails for good makes no dead letter of what has landed', async () => {
  files.put('bronze/p/t/4.csv', 'id\n4\n')
  expect(await run(['bronze/p/t/4.csv'], 7)).toMatchObject({ failed: 0, given: 0 })
})

test('an event that is no batch fails with it', async () => {
  const handler = rawIngestion(files.lake, broken, () => {})
  const { Records } = batchOf(files.lake, ['bronze/p/t/4.csv']) as SQSEvent
  await expect(handler(JSON.parse(Records[0]!.body))).rejects.toThrow('no right to it')
})
