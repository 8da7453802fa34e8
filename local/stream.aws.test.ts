import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CreateStreamCommand,
  KinesisClient,
  MergeShardsCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { describe, expect, test } from 'vitest'
import { openDuck } from '../core/duck/duckdb.ts'
import { openLake } from '../core/lake.ts'
import type { Outcome } from '../core/outcome.ts'
import { conformance } from '../core/stream/kinesis.conformance.ts'
import { openStream } from '../core/stream/kinesis.ts'
import { tick } from '../functions/maintenance/tick.ts'
import { publisher, streaming } from '../functions/streaming/handler.ts'
import { fill, judge, keyOf, OBJECTS } from '../functions/streaming/till.schedules.ts'
import { Poller } from './poller.ts'

const endpoint = process.env.AWS_ENDPOINT_URL
if (!endpoint) console.warn('SKIPPED: streams over S3 and Kinesis, as AWS_ENDPOINT_URL is not set')

const client = () => new KinesisClient({ requestHandler: new NodeHttpHandler() })

/** A stream of two shards, as its owner has it. */
async function makeStream(name: string) {
  const stream = openStream(name)
  const isActive = async () => {
    while ((await stream.describe()).status !== 'ACTIVE') await sleep(100)
  }
  await client().send(new CreateStreamCommand({ StreamName: name, ShardCount: 2 }))
  await isActive()
  return {
    stream,
    async split(shard: string) {
      const middle = shard.endsWith('0') ? 2n ** 126n : 2n ** 127n + 2n ** 126n
      const cut = { ShardToSplit: shard, NewStartingHashKey: String(middle) }
      await client().send(new SplitShardCommand({ StreamName: name, ...cut }))
      await isActive()
    },
    async merge(one: string, two: string) {
      const both = { ShardToMerge: one, AdjacentShardToMerge: two }
      await client().send(new MergeShardsCommand({ StreamName: name, ...both }))
      await isActive()
    },
  }
}

describe.skipIf(!endpoint)('on an emulator of AWS', () => {
  conformance("LocalStack's Kinesis", () => makeStream(`conformance-${Date.now()}`))

  test('objects of a bucket become events, windows and rejects once, over a split', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-stream-s3-'))
    const name = `till-${Date.now()}`
    await new S3Client({ forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: name }))
    const { stream, split } = await makeStream(name)
    const lake = openLake(`s3://${name}`)
    await fill(lake.store)

    const ends: Outcome[] = []
    const object = (end: Outcome) => ends.push(end)
    const faults: unknown[] = []
    const batch = (_: unknown, fault?: unknown) => void (fault && faults.push(fault))
    const poller = new Poller(stream, streaming(lake, stream, { object, batch }), {
      ...{ batchSize: 3, windowMs: 0, bisect: true, retry: { first: 100, longest: 1_000 } },
    })
    poller.start()
    const publishing = publisher(lake, stream, object)
    for (let n = 0; n < OBJECTS; n++) {
      if (n === 4) await split('shardId-000000000000')
      // An event comes twice now and then.
      await publishing(notification(name, keyOf(n), ...(n % 3 === 0 ? [keyOf(n)] : [])))
    }
    await poller.drained()
    await poller.stop()
    expect((await tick(lake, { all: true })).busy).toBe(0)
    expect(faults).toEqual([])
    const loaded = ends.filter(({ status }) => status === 'loaded')
    expect(new Set(loaded.map((end) => end.object)).size).toBe(OBJECTS)
    const duck = await openDuck()
    expect(await judge(lake.store, duck, join(folder, 'seen'))).toBeUndefined()
    duck.close()
    rmSync(folder, { recursive: true })
  })
})

/** As EventBridge tells it, one event a key, inside SQS. */
function notification(bucket: string, ...keys: string[]): object {
  return {
    Records: keys.map((key, i) => ({
      eventSource: 'aws:sqs',
      messageId: `${i}`,
      body: JSON.stringify({
        source: 'aws.s3',
        detail: { bucket: { name: bucket }, object: { key } },
      }),
    })),
  }
}
