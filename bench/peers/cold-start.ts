import { execFile } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { KinesisStreamEvent } from 'aws-lambda'
import { openStream } from '../../core/stream/kinesis.ts'
import { bundleFor } from '../../infra/bundles.ts'
import { append, maintenance, publish, rawIngestion, setup, silver } from '../../infra/shape.ts'
import { startKinesis } from '../../local/kinesis.ts'
import { Poller } from '../../local/poller.ts'
import { type Figure, figure } from '../figure.ts'
import type { Place } from '../place.ts'
import { newLake, putFiles } from '../stream.ts'
import type { Part } from './part.ts'

const run = promisify(execFile)
const own = process.arch === 'arm64' ? 'arm64' : 'x86_64'

/** A start takes a second, so more of them than of the long runs. */
const STARTS = 10
/** Rows of the object that is handled. */
const ROWS = 100
const STREAM = 'bench'

/** A function as it is deployed, with an event for it and the lake that the event is about. */
interface Cold {
  name: string
  bundle: string
  /** The export of the bundle. */
  handler: string
  newLake(): Promise<string>
  event: unknown
  env?: NodeJS.ProcessEnv
}

/**
 * A new process imports the bundle as it is deployed and handles its first event, of 100 rows where
 * it is about an object: how long until it is ready, and until it has done.
 */
export async function coldStart(place: Place): Promise<Part> {
  const kinesis = await startKinesis(STREAM, { shards: 1 })
  const { url, drop } = await place.newDatabase()
  try {
    const functions = await functionsOf(place, kinesis.endpoint, url)
    const figures: Figure[] = []
    for (const cold of functions) figures.push(...(await measure(cold)))
    return { comparisons: [], figures }
  } finally {
    await drop()
    await kinesis.stop()
  }
}

async function functionsOf(place: Place, endpoint: string, url: string): Promise<Cold[]> {
  const withStream = { AWS_ENDPOINT_URL_KINESIS: endpoint, STREAM_NAME: STREAM }
  const withDatabase = { DATABASE_URL: url }
  const bronze = async () => (await place.newLake('lineitem', { rows: ROWS })).lake
  const unsent = async () => {
    const lake = await newLake(place, false)
    await putFiles(place, lake, 1, ROWS)
    return lake
  }
  const dropped = objectEvent(`bronze/bench/lineitem/lineitem-${ROWS}.csv`)
  const sending = objectEvent('streaming/bench/lineitem/000.csv')
  const publishing = {
    ...named('publish', publish),
    newLake: unsent,
    event: sending,
    env: withStream,
  }
  const sent = await unsent()
  await start(publishing, sent)
  const received = async () => {
    const lake = await newLake(place, false)
    cpSync(sent, lake, { recursive: true })
    return lake
  }
  const tick = { job: 'tick' }
  const create = { RequestType: 'Create' }
  return [
    {
      ...named('raw-ingestion', rawIngestion),
      newLake: bronze,
      event: dropped,
      env: withDatabase,
    },
    { ...named('silver', silver), newLake: bronze, event: dropped },
    {
      ...named('append', append),
      newLake: received,
      event: await streamEvent(endpoint),
      env: withStream,
    },
    publishing,
    { ...named('maintenance, a tick', maintenance), newLake: bronze, event: tick },
    { ...named('setup', setup), newLake: bronze, event: create, env: withDatabase },
  ]
}

function named(name: string, { bundle, handler }: { bundle: string; handler: string }) {
  return { name, bundle, handler: handler.replace('index.', '') }
}

function objectEvent(key: string): unknown {
  const body = { source: 'aws.s3', detail: { bucket: { name: 'lake' }, object: { key } } }
  const message = { eventSource: 'aws:sqs', messageId: '1', body: JSON.stringify(body) }
  return { Records: [message] }
}

/** All that the stream holds, as Lambda would bring it. */
async function streamEvent(endpoint: string): Promise<KinesisStreamEvent> {
  const events: KinesisStreamEvent[] = []
  const take = async (event: KinesisStreamEvent) => {
    events.push(event)
    return { batchItemFailures: [] }
  }
  const retry = { tries: 1, first: 1, longest: 1, forever: false }
  const options = { batchSize: append.batch, windowMs: 0, bisect: false, retry }
  const poller = new Poller(openStream(STREAM, { endpoint }), take, options)
  poller.start()
  await poller.drained()
  await poller.stop()
  if (events[0]) return events[0]
  throw new Error('the publisher put nothing into the stream')
}

async function measure(cold: Cold): Promise<Figure[]> {
  const starts: Start[] = []
  for (let n = 0; n < STARTS; n++) {
    const lake = await cold.newLake()
    starts.push(await start(cold, lake))
    rmSync(lake, { recursive: true })
  }
  const of = (name: keyof Start) => starts.map((one) => one[name])
  return [
    figure('cold-start', `${cold.name}: process to handler`, 'ms', of('ready')),
    figure('cold-start', `${cold.name}: process to first event handled`, 'ms', of('handled')),
  ]
}

/** Milliseconds since the process began. */
interface Start {
  ready: number
  handled: number
}

/** An answer that gives messages back is no success. */
const script = `const [path, name, event] = process.argv.slice(1)
  const { [name]: handler } = await import(path)
  const ready = performance.now()
  const answer = await handler(JSON.parse(event), { getRemainingTimeInMillis: () => 60_000 })
  const handled = performance.now()
  const failed = answer?.batchItemFailures?.length > 0
  console.log('\\n' + JSON.stringify({ ready, handled, failed }))
  process.exit()`

async function start({ name, bundle, handler, event, env }: Cold, lake: string): Promise<Start> {
  const path = join(bundleFor(bundle, own), 'index.mjs')
  const args = ['--input-type=module', '-e', script, path, handler, JSON.stringify(event)]
  const emulated = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  }
  const all = { ...process.env, ...emulated, ...env, LAKE_URL: lake }
  const { stdout } = await run(process.execPath, args, { env: all })
  const { failed, ...told } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
  if (failed) throw new Error(`${name} gave its first event back: ${stdout}`)
  return told
}
