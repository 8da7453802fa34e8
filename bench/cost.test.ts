import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Limits, objectStages } from '../infra/shape.ts'
import { TestStack } from '../infra/stack.fixture.ts'
import {
  appendBill,
  type Facts,
  lambdaDollars,
  objectsBill,
  readFacts,
  streamDollars,
  totalOf,
} from './bill.ts'
import { costTables, place } from './cost.ts'

const doc = readFileSync(join(import.meta.dirname, '../docs/operations.md'), 'utf8')
const facts = readFacts()

test('the tables of docs/operations.md are those that `node bench/cost.ts --write` makes', () => {
  expect(place.exec(doc)?.[0]).toBe(costTables(facts))
})

test('the month has as many queues, and metrics of alarms, as the stack', () => {
  const alarms = Object.values(new TestStack().all('AWS::CloudWatch::Alarm'))
  const metrics = alarms.map(({ Properties }) => {
    const { Metrics } = Properties as { Metrics?: { MetricStat?: object }[] }
    return Metrics?.filter(({ MetricStat }) => MetricStat).length ?? 1
  })
  const alarmMetrics = metrics.reduce((sum, one) => sum + one)
  expect(facts.measured.stack).toMatchObject({ queues: objectStages.length, alarmMetrics })
})

/** Round figures, so that every sum can be done by hand. */
const limits: Limits = { memory: 2048, disk: 2560, timeout: 900, duckMemory: 1, threads: 1 }
const none = { cpu: 0, trips: 0, gets: 0, puts: 0, overwritten: 0 }
const requests = { gets: 2000, puts: 1000, overwritten: 500 }
const stage = { cpuPerObject: 1, cpuPerGb: 10, waitPerGb: 20, trips: 5, ...requests }
const round: Facts = {
  prices: Object.fromEntries(
    Object.entries({
      ...{ lambdaArm: 0.5, lambdaDisk: 0.25, lambdaRequests: 1e6, s3Gets: 0.01, s3Puts: 0.1 },
      ...{ events: 1000, sqs: 1e5, logs: 100, streamIn: 3, streamOut: 2, streamKept: 5 },
    }).map(([name, price]) => [name, { price, unit: '', page: '', checked: true }]),
  ),
  measured: {
    ...facts.measured,
    ...{ parquetBytes: 0.5, packedBytes: 0.25, tick: { ...none, lists: 0 } },
    stages: { 'raw-ingestion': stage, silver: { ...stage, waitPerGb: 0 }, publish: stage },
    append: { batch: { ...none, cpu: 2 }, object: { ...none, cpu: 1, puts: 1000 }, cpuPerGb: 4 },
    assumed: {
      ...facts.measured.assumed,
      ...{ s3Seconds: 0.2, s3BytesPerSecond: 1e9, shardBytesPerSecond: 1e6, logBytes: 1e7 },
      ...{ chunkBytes: 1e6, batchBytes: 1e12, sqsRequests: 3 },
    },
  },
}

test('a function is paid by the second for its memory and disk, and for each request', () => {
  // 10 s × 2 GB × $0.5, 10 s × 2 GB of disk beyond 512 MB × $0.25, 4 × $1.
  expect(lambdaDollars(round, limits, 4, 10)).toBe(10 + 5 + 4)
})

test('a stage of objects is paid for its time, requests, events, messages and log', () => {
  // A file: 5 × 0.2 s of S3's answers, 1 s to move it, 1 s for any object, and 20 s of waiting for
  // Postgres, as the CPU's 10 would be over by then: 23 s, at $1 + $0.5 a second, and a request.
  const bill = objectsBill(round, 'raw-ingestion', limits, { files: 2, bytes: 1e9 })
  // Two files: 71 = 2 × (34.5 + 1); 0.24 = 2 × (0.02 + 0.1); 1,000 events of what is put, and 500
  // of what expires, at $0.001, 3 messages at $0.1 and 10 MB of log at $100 for each.
  const dollars = { lambda: 71, requests: 0.24, events: 3, queue: 0.6, logs: 2, stream: 0 }
  expect(bill).toEqual(dollars)
})

test('Silver moves its Parquet, too, and waits for nobody', () => {
  const { lambda } = objectsBill(round, 'silver', limits, { files: 1, bytes: 1e9 })
  expect(lambda).toBe((1 + 1.5 + 1 + 10) * 1.5 + 1)
})

test('a published object goes no faster than one shard takes it', () => {
  const { lambda } = objectsBill(round, 'publish', limits, { files: 1, bytes: 1e9 })
  expect(lambda).toBe((1 + 1 + 1 + 250) * 1.5 + 1)
})

test('records of a stream are rounded up to whole KB, written, read, and kept for a week', () => {
  // 100 files of one chunk of 250,000 bytes packed (245 KB), and an end record, in two batches.
  const bill = appendBill(round, limits, 100, { files: 100, bytes: 1e6 })
  expect(bill.stream).toBeCloseTo(100 * 246 * 1024 * 1e-9 * (3 + 2 + 5 * 0.2), 10)
  expect(bill.lambda).toBeCloseTo((2 * 2 + 100 + 0.1 * 4 + 0.05) * 1.5 + 2, 10)
  expect(bill.requests).toBe(100 * 0.1)
  expect(streamDollars(round, 1e9, 0)).toBe(5)
})

test('a bill adds up', () => {
  const bill = { lambda: 1, requests: 2, events: 4, queue: 8, logs: 16, stream: 32 }
  expect(totalOf(bill, bill)).toBe(126)
})

test('of the real figures, two cells by hand', () => {
  // Glue: 2 DPUs for a minute at $0.44 an hour. Firehose: 7.69 million records of 5 KB each.
  expect(doc).toContain(`one run for all files, at least | $${((2 / 60) * 0.44).toFixed(3)}`)
  const rows = 1e9 / 130
  const record = 1024 * (0.08 + 0.04) + 5120 * (0.029 + 0.018)
  expect(doc).toContain(`a record for each row | $${((rows * record) / 1e9).toFixed(2)}`)
})

test('every price has a day, a region, a unit and the page of AWS that says it', () => {
  const list = JSON.parse(readFileSync(join(import.meta.dirname, 'prices.json'), 'utf8'))
  expect(list).toMatchObject({
    day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    region: 'us-east-1',
  })
  expect(doc).toContain(`prices of ${list.day} in ${list.region}`)
  for (const [name, { price, unit, page, checked, seen }] of Object.entries(facts.prices)) {
    expect(price, name).toBeGreaterThan(0)
    expect(unit, name).not.toBe('')
    expect(page, name).toMatch(/^https:\/\/aws\.amazon\.com\/[a-z0-9/-]+\/pricing\/$/)
    expect(checked, `${name}: what is checked says where it was seen`).toBe(seen !== undefined)
  }
})
