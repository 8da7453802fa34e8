import { globSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { logBatch, logFault, logOutcome } from '../core/log.ts'
import { openStream, type StreamClient } from '../core/stream/kinesis.ts'
import { resource } from '../functions/stages.fixture.ts'
import { StreamLake } from '../functions/streaming/stream.fixture.ts'
import { type LocalKinesis, startKinesis } from './kinesis.ts'
import { onMade, StreamWorker } from './worker-stream.ts'

vi.mock('../core/log.ts')

/** A stream that may be away, and made anew, behind one address. */
let kinesis: LocalKinesis | undefined
let port: number
let stream: StreamClient
let place: StreamLake<StreamClient>
let worker: StreamWorker

beforeEach(async () => {
  kinesis = await startKinesis('sluice')
  port = Number(new URL(kinesis.endpoint).port)
  stream = openStream('sluice', { endpoint: kinesis.endpoint })
  place = new StreamLake(stream)
  place.streamed('shop', resource('visits', ['id:integer', 'at:datetime'], {}, settings))
  worker = new StreamWorker(place.lake, stream)
})
afterEach(async () => {
  await worker.stop()
  await kinesis?.stop()
  place.close()
  vi.clearAllMocks()
})

const settings = {
  stream: { eventTime: 'at', watermark: '1 minute' },
  windows: [{ name: 'minutes', every: '1 minute', groupBy: [], measures: { n: 'count()' } }],
}

test('a stream that is made anew is read from its beginning, and its making is told', async () => {
  let times = 0
  const stopping = new AbortController()
  const watching = onMade(stream, stopping.signal, () => times++)
  await worker.start()
  place.put('streaming/shop/visits/1.csv', 'id,at\n1,2026-03-14T10:00:00\n')
  await place.publish('streaming/shop/visits/1.csv')
  await vi.waitFor(() => expect(accepted()).toBe(1), 20_000)
  expect(times).toBe(1)

  await kinesis?.stop()
  await sleep(500)
  kinesis = await startKinesis('sluice', { port })
  place.put('streaming/shop/visits/2.csv', 'id,at\n2,2026-03-14T10:00:01\n')
  await place.publish('streaming/shop/visits/2.csv')
  await vi.waitFor(() => expect(accepted()).toBe(2), 30_000)
  await vi.waitFor(() => expect(times).toBe(2), 30_000)
  stopping.abort()
  await watching
  expect(vi.mocked(logFault)).not.toHaveBeenCalled()
}, 120_000)

test('a stream that is not there yet is waited for', async () => {
  await kinesis?.stop()
  await worker.start()
  await sleep(500)
  kinesis = await startKinesis('sluice', { port })
  place.put('streaming/shop/visits/1.csv', 'id,at\n1,2026-03-14T10:00:00\n')
  await place.publish('streaming/shop/visits/1.csv')
  await vi.waitFor(() => expect(accepted()).toBe(1), 30_000)
}, 60_000)

test('windows of an idle shard are closed', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  await worker.start()
  place.put('streaming/shop/visits/1.csv', 'id,at\n1,2026-03-14T10:00:00\n')
  await place.publish('streaming/shop/visits/1.csv')
  // The last of its batches: one that came after the clock has jumped would be no idle shard's.
  const loaded = expect.objectContaining({ status: 'loaded', accepted: 1 })
  await vi.waitFor(() => expect(logOutcome).toHaveBeenCalledWith(loaded), 20_000)
  expect(windows()).toBe(0)
  vi.setSystemTime(Date.now() + 120_000)
  await vi.waitFor(() => expect(windows()).toBe(1), 30_000)
  vi.useRealTimers()
}, 60_000)

/** Rows that were committed so far. */
function accepted(): number {
  return vi.mocked(logBatch).mock.calls.reduce((sum, [batch]) => sum + batch.accepted, 0)
}

function windows(): number {
  return globSync(join(place.folder, 'streaming_results/shop/visits/windows/**/*.parquet')).length
}
