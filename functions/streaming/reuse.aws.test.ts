import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateStreamCommand, DeleteStreamCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { KinesisStreamEvent } from 'aws-lambda'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { openStream } from '../../core/stream/kinesis.ts'
import { resource } from '../stages.fixture.ts'
import { handler, publishHandler } from './handler.ts'
import { eventsOf, recordsOf, StreamLake } from './stream.fixture.ts'

const away = !process.env.AWS_ENDPOINT_URL
if (away) console.warn('Kinesis is NOT tested: AWS_ENDPOINT_URL is not set (start LocalStack)')

/** What an invocation opens, the next one uses: the very functions that Lambda calls. */
describe.skipIf(away)('with a stream', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'sluice-reuse-'))
  const StreamName = `reuse-${randomUUID()}`
  const client = away ? undefined! : new KinesisClient({ requestHandler: new NodeHttpHandler() })
  const lake = new StreamLake(openStream(StreamName))

  beforeAll(async () => {
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
    while ((await lake.stream.describe()).status !== 'ACTIVE') await sleep(100)
    lake.streamed('till', resource('receipts', ['id:integer', 'name']))
    vi.stubEnv('TMPDIR', temporary)
    vi.stubEnv('LAKE_URL', lake.lake.store.url)
    vi.stubEnv('STREAM_NAME', StreamName)
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await client.send(new DeleteStreamCommand({ StreamName }))
    lake.close()
    rmSync(temporary, { recursive: true })
  })

  const engines = () => readdirSync(temporary).filter((name) => name.startsWith('sluice-spill-'))

  test('invocations of publisher and stream share one DuckDB', async () => {
    const seen: string[][] = []
    for (const n of [1, 2, 3]) {
      const key = `streaming/till/receipts/${n}.csv`
      lake.put(key, `id,name\n${n},a\n`)
      const detail = { bucket: { name: 'lake' }, object: { key } }
      const body = JSON.stringify({ source: 'aws.s3', detail })
      const message = { eventSource: 'aws:sqs', messageId: key, body }
      const nothing = { batchItemFailures: [] }
      expect(await publishHandler({ Records: [message] })).toEqual(nothing)
      expect(await handler(await eventOf())).toEqual(nothing)
      seen.push(engines())
    }
    expect(await eventsOf(lake.folder, 'till.receipts')).toHaveLength(3)
    expect(engines()).toHaveLength(1)
    expect(seen).toEqual([seen[0], seen[0], seen[0]])
  })

  async function eventOf(): Promise<KinesisStreamEvent> {
    const [{ id = '' } = {}] = await lake.stream.shards()
    const { arn } = await lake.stream.describe()
    const records = (await recordsOf(lake.stream, id)).map(({ sequenceNumber, data }) => ({
      ...{ eventID: `${id}:${sequenceNumber}`, eventSourceARN: arn },
      kinesis: { sequenceNumber, data: data.toString('base64') },
    }))
    return { Records: records } as unknown as KinesisStreamEvent
  }
})
