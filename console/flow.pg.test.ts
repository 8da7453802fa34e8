import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sluice } from '../cli/run.fixture.ts'
import { startSluice } from '../faults/command.ts'
import { database, files, raw } from '../functions/raw.fixture.ts'
import { resource } from '../functions/stages.fixture.ts'
import { publish } from '../functions/streaming/publish.ts'
import { drain } from '../functions/streaming/stream.fixture.ts'
import { MemoryStream } from '../local/stream.fixture.ts'
import { Api } from './api.fixture.ts'
import { flowRoutes } from './flow.ts'
import type { Flow } from './shapes.ts'

/** The sums of Flow are those of `sluice status`, streams among them. */

const flow = (api = new Api(files.lake, { database: raw.database }, flowRoutes)) =>
  api.get<Flow>('/flow')

/** `13 objects, 12,318 records: 12,268 accepted, 27 rejected, 23 waiting.`, or what it says. */
async function lastOfStatus(): Promise<string> {
  const { out } = await sluice('status', '--lake', files.lake.store.url, '--database', database.url)
  return out.split('\n').find((line) => / objects?, .* records: /.test(line))!
}

function told({ objects, records }: Flow): string {
  const of = (number: number) => number.toLocaleString('en')
  const all = Object.values(objects).reduce((sum, one) => sum + one, 0)
  return (
    `${of(all)} objects, ${of(records.all)} records: ${of(records.accepted)} accepted, ` +
    `${of(records.rejected)} rejected, ${of(records.waiting)} waiting`
  )
}

test('of the sample, Flow and `sluice status` say the same', async () => {
  const sample = join(import.meta.dirname, '../data')
  for (const name of ['bronze', 'streaming']) {
    cpSync(join(sample, name), join(files.folder, name), { recursive: true })
  }
  const { ended } = startSluice(files.folder, database.url, '--once', '--no-console')
  expect(await ended).toBe(3)
  const now = await flow()
  expect(told(now)).toBe('13 objects, 12,318 records: 12,268 accepted, 27 rejected, 23 waiting')
  expect(await lastOfStatus()).toContain(told(now))
  expect(now.committed).toEqual({ records: 3_000, accepted: 2_986, rejected: 14 })
})

test("an object of Bronze that flows counts once; other producers' records are told", async () => {
  const stream = new MemoryStream('till', 1)
  const receipts = resource('receipts', ['id:integer'], {}, { stream: {} })
  files.put('streaming/till/datapackage.json', JSON.stringify({ name: 't', resources: [receipts] }))
  files.describe('p', resource('t', ['id:integer'], {}, { stream: {} }))
  const into = async (key: string, text: string) => {
    files.put(key, text)
    await publish(files.lake, stream, key)
  }
  const api = new Api(files.lake, { database: raw.database }, flowRoutes)
  expect(await flow(api)).toMatchObject({ objects: { loaded: 0 }, committed: null, at: null })

  await into('bronze/p/t/a.csv', 'id\n1\nx\n')
  await into('streaming/till/receipts/a.csv', 'id\n1\n2\nx\n')
  await drain(files.lake, stream)
  await into('streaming/till/receipts/b.csv', 'id\n7\n')
  const data = Buffer.from('{"_dataset":"p.t","id":5}')
  const before = await flow()
  expect(before.objects).toEqual({ loaded: 2, published: 1, refused: 0, held: 0 })
  expect(before.records).toMatchObject({ all: 6, accepted: 3, rejected: 2 })
  expect(await lastOfStatus()).toContain(told(before))

  // The same object, as Postgres takes it.
  await raw.run('bronze/p/t/a.csv')
  await stream.put([{ data, partitionKey: 'given' }])
  await drain(files.lake, stream)
  const after = await flow()
  expect(after.objects).toEqual({ loaded: 3, published: 0, refused: 0, held: 0 })
  expect(after.records).toMatchObject({ all: 6, accepted: 4, rejected: 2 })
  expect(await lastOfStatus()).toContain(told(after))
  expect(after.committed).toEqual({ records: 7, accepted: 5, rejected: 2 })
  // Another process has streamed it just now.
  expect(after.rate).toBe(1)
  // Who looks again sees it, too.
  await expect.poll(async () => (await flow(api)).records).toEqual(after.records)
})
