import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Lake } from '../core/lake.ts'
import { tick } from '../functions/maintenance/tick.ts'
import { publisher, streaming } from '../functions/streaming/handler.ts'
import { startKinesis } from '../local/kinesis.ts'
import { Lane } from '../local/lane.ts'
import { Poller } from '../local/poller.ts'
import { MemoryStream } from '../local/stream.fixture.ts'
import { StreamStage } from '../local/stream-stage.ts'
import { afterwards, patience, readyLake, type Work } from './work.ts'

/** Measured pieces of work of the stream (see job.ts). */

/** Objects → a stream in memory; then that → files, each of an event as Lambda would bring it. */
export async function publishing(task: { lake: string; events: string }): Promise<Work> {
  const lake = await readyLake(task.lake)
  const stream = new MemoryStream('bench')
  let sent = 0
  const handler = publisher(lake, stream, ({ records }) => {
    sent += records
  })
  const lane = new Lane('bench', handler, patience, { width: 2 })
  const keys = await streamedKeys(lake)
  afterwards.push(() => writeEvents(stream, task.events))
  return async () => {
    for (const key of keys) lane.add(key)
    await lane.rest()
    return sent
  }
}

/** The poller cuts as the event source mapping does: 10,000 records, 6 MB of payload. */
async function writeEvents(stream: MemoryStream, folder: string): Promise<void> {
  let events = 0
  const poller = new Poller(
    stream,
    async (event) => {
      const shard = event.Records[0]?.eventID.split(':')[0]
      const name = `${shard}-${String(events++).padStart(6, '0')}.json`
      writeFileSync(join(folder, name), JSON.stringify(event))
      return { batchItemFailures: [] }
    },
    { batchSize: 10_000, windowMs: 0, bisect: false, retry: patience },
  )
  poller.start()
  await poller.drained()
  await poller.stop()
}

/** The handler alone: one event of each shard at a time, as the event source mapping has it. */
export async function appending(task: { lake: string; events: string }): Promise<Work> {
  const lake = await readyLake(task.lake)
  let accepted = 0
  const report = {
    batch: (appended: { accepted: number }, fault?: unknown) => {
      if (fault) throw fault
      accepted += appended.accepted
    },
    object: () => {},
  }
  // The stream that the events came from, as far as the handler asks: its shards and its birth.
  const handler = streaming(lake, new MemoryStream('bench'), report)
  const names = readdirSync(task.events).toSorted()
  const shards = Map.groupBy(names, (name) => name.slice(0, name.lastIndexOf('-')))
  const read = async (files: string[]) => {
    for (const name of files) {
      await handler(JSON.parse(readFileSync(join(task.events, name), 'utf8')))
    }
  }
  afterwards.push(() => tick(lake, { all: true }))
  return async () => {
    await Promise.all([...shards.values()].map(read))
    return accepted
  }
}

/** From a folder of CSVs to Parquet: publisher, kinesis-local, poller, handler. */
export async function flowing(task: { lake: string }): Promise<Work> {
  const lake = await readyLake(task.lake)
  let accepted = 0
  const stage = new StreamStage({
    ...{ lake, patience, home: join(task.lake, '.sluice'), stream: undefined },
    stop: new AbortController().signal,
    say: (text) => process.stderr.write(`${text}\n`),
    report: (outcome) => {
      if (outcome.status === 'loaded') accepted += outcome.accepted
    },
  })
  await stage.start()
  const keys = await streamedKeys(lake)
  afterwards.push(
    () => stage.closeWindows(),
    () => stage.close(),
  )
  return async () => {
    stage.add(keys)
    await stage.rest()
    return accepted
  }
}

/** The same without a server between: publisher, a stream of this process, poller, handler. */
export async function flowingInMemory(lake: Lake): Promise<Work> {
  const stream = new MemoryStream('bench')
  let accepted = 0
  const handler = streaming(lake, stream, {
    object: () => {},
    batch: (appended, fault) => {
      if (fault) throw fault
      accepted += appended.accepted
    },
  })
  const poller = new Poller(stream, handler, {
    ...{ batchSize: 10_000, windowMs: 0, bisect: false, retry: patience },
  })
  const lane = new Lane(
    'bench',
    publisher(lake, stream, () => {}),
    patience,
    { width: 2 },
  )
  const keys = await streamedKeys(lake)
  afterwards.push(
    () => poller.stop(),
    () => tick(lake, { all: true }),
  )
  return async () => {
    poller.start()
    for (const key of keys) lane.add(key)
    await lane.rest()
    await poller.drained()
    return accepted
  }
}

export async function startingKinesis(): Promise<Work> {
  return async () => {
    const kinesis = await startKinesis('bench')
    afterwards.push(() => kinesis.stop())
    return 0
  }
}

async function streamedKeys({ store }: Lake): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list('streaming/')) if (key.endsWith('.csv')) keys.push(key)
  return keys
}
