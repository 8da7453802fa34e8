import type { KinesisStreamEvent } from 'aws-lambda'
import { afterEach, expect, test } from 'vitest'
import { deadlineOf } from '../../core/deadline.ts'
import type { Appended } from '../../core/outcome.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { resource } from '../stages.fixture.ts'
import { streaming } from './handler.ts'
import { chunkOf, globOf, query, recordsOf, StreamLake } from './stream.fixture.ts'

/** A batch that there is no time for ends where it has come to: the rest comes again. */

let lake: StreamLake<MemoryStream>

afterEach(() => lake.close())

function begin(shards: number): void {
  lake = new StreamLake(new MemoryStream('till', shards))
  lake.streamed('till', resource('receipts', ['id:integer', 'name']))
}

/** Half of the time of an invocation is over after so many commits. */
function limited(commits: number) {
  const told: Appended[] = []
  const faults: unknown[] = []
  const invocation = { getRemainingTimeInMillis: () => (told.length < commits ? 900_000 : 400_000) }
  const batch = (one: Appended, fault?: unknown) => {
    told.push(one)
    if (fault) faults.push(fault)
  }
  const handler = streaming(lake.lake, lake.stream, { batch, object: () => {} })
  return {
    told,
    faults,
    run: (event: KinesisStreamEvent) => handler(event, deadlineOf(invocation)),
  }
}

async function eventOf(): Promise<KinesisStreamEvent> {
  const records: object[] = []
  for (const { id } of await lake.stream.shards()) {
    for (const { sequenceNumber, data } of await recordsOf(lake.stream, id)) {
      const kinesis = { sequenceNumber, data: data.toString('base64') }
      records.push({ eventID: `${id}:${sequenceNumber}`, kinesis })
    }
  }
  return { Records: records } as unknown as KinesisStreamEvent
}

const rowCount = async () => {
  const glob = globOf(`${lake.folder}/streaming_results/till/receipts/events`)
  return glob ? (await query(`SELECT count(*), count(DISTINCT id) FROM ${glob}`))[0] : [0n, 0n]
}

test('a large batch ends between two commits, and is given again from there on', async () => {
  begin(1)
  const all = Array.from({ length: 33 }, (_, chunk) => {
    const ids = [1, 2, 3].map((n) => 3 * chunk + n)
    const text = Buffer.from(ids.map((id) => `${id},${'x'.repeat(1_400_000)}\n`).join(''))
    return chunkOf({ chunk, text, records: ids.map((record) => ({ record, line: record + 1 })) })
  })
  await lake.give(...(await Promise.all(all)))
  const event = await eventOf()
  const first = limited(1)
  const itemIdentifier = event.Records[16]!.kinesis.sequenceNumber
  expect(await first.run(event)).toEqual({ batchItemFailures: [{ itemIdentifier }] })
  expect([first.told.map(({ accepted }) => accepted), first.faults]).toEqual([[48], []])
  expect(await rowCount()).toEqual([48n, 48n])
  // As the mapping gives it again: from the record on that was named.
  const rest = { Records: event.Records.slice(16) }
  const second = limited(9)
  expect(await second.run(rest)).toEqual({ batchItemFailures: [] })
  expect(second.told.map(({ accepted }) => accepted)).toEqual([48, 3])
  expect(await rowCount()).toEqual([99n, 99n])
})

test('time that is over with the last record is no failure', async () => {
  begin(1)
  await lake.give({ _dataset: 'till.receipts', id: 1 })
  expect(await limited(1).run(await eventOf())).toEqual({ batchItemFailures: [] })
  expect(await rowCount()).toEqual([1n, 1n])
})

test('a batch that is not begun is given again as a whole', async () => {
  begin(2)
  for (let n = 0; n < 20; n++) {
    const data = Buffer.from(JSON.stringify({ _dataset: 'till.receipts', id: n }))
    await lake.stream.put([{ data, partitionKey: `${n}` }])
  }
  const event = await eventOf()
  const shard = event.Records.at(-1)?.eventID.split(':')[0] ?? ''
  const firstOfLast = event.Records.find(({ eventID }) => eventID.startsWith(shard))
  const itemIdentifier = firstOfLast!.kinesis.sequenceNumber
  const first = limited(1)
  expect(await first.run(event)).toEqual({ batchItemFailures: [{ itemIdentifier }] })
  expect(first.faults).toEqual([])
  expect(await limited(9).run(event)).toEqual({ batchItemFailures: [] })
  expect(await rowCount()).toEqual([20n, 20n])
})
