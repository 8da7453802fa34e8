import { SingleBar } from 'cli-progress'
import type { Command } from 'commander'
import { isDescriptor } from '../core/contract/catalog.ts'
import { Refused } from '../core/errors.ts'
import { type Lake, openLake } from '../core/lake.ts'
import { none, type Outcome } from '../core/outcome.ts'
import { isBelowReplay } from '../core/replay/replay.ts'
import { openStream } from '../core/stream/kinesis.ts'
import { isStreamed } from '../core/stream/stream-catalog.ts'
import { forget } from '../functions/maintenance/forget.ts'
import { publish } from '../functions/streaming/publish.ts'
import { tryLock } from '../local/process-lock.ts'
import { streamLock } from '../local/stream-turn.ts'
import { homeOf } from './database.ts'
import { whenLeft } from './leave.ts'
import { type CommonOptions, folderOf, lakeCommandOf, mustBeThere, usage } from './options.ts'
import { exitCodeOf, jsonLine, tableOf } from './report.ts'
import { plain } from './shown.ts'

interface PublishOptions extends CommonOptions {
  stream?: string
  anew?: boolean
}

const help = `
\`sluice start\` publishes by itself, to a stream of its own where none is named. What was published
before is passed over.

Examples:
  sluice publish --lake s3://my-lake --stream till
  sluice publish streaming/till/receipts/1.csv --stream till
  sluice publish --anew --json`

export function publishCommand(): Command {
  return lakeCommandOf('publish', 'Put objects of streamed datasets into a stream of Kinesis.')
    .argument('[key...]', 'objects by key; without any, all that are not published yet')
    .option('--stream <name>', 'the stream; else STREAM_NAME')
    .option(
      '--anew',
      'first remove what the streams of the lake have become: events, windows, checkpoints, ' +
        'quarantine of streams; nothing may be appending meanwhile',
    )
    .addHelpText('after', help)
    .action(run)
}

async function run(keys: string[], options: PublishOptions): Promise<void> {
  mustBeThere(options.lake)
  const lake = openLake(options.lake)
  const name = options.stream ?? process.env.STREAM_NAME
  if (!name && !options.anew) {
    throw usage(
      'no stream: give --stream, or set STREAM_NAME; `sluice start` publishes to one of its own',
    )
  }
  if (options.anew) {
    const removed = await removeAll(lake, options.lake)
    const told = `${removed} objects of streams were removed`
    if (options.json) process.stdout.write(`${JSON.stringify({ removed })}\n`)
    else process.stdout.write(`${told}; what is published next comes anew\n`)
  }
  if (!name) return
  const all = keys.length > 0 ? keys : await streamedKeys(lake)
  const outcomes = await publishAll(lake, name, all, options)
  const none = 'No object of a streamed dataset is to be published.'
  if (!options.json)
    process.stdout.write(`${outcomes.length > 0 ? tableOf(outcomes, options) : none}\n`)
  process.exitCode = exitCodeOf(outcomes)
}

/** @throws Refused while a process of this machine streams the lake */
async function removeAll({ store }: Lake, given: string): Promise<number> {
  const release = tryLock(streamLock(homeOf(folderOf(given))))
  if (!release) throw new Refused('a process streams this lake: end it first')
  try {
    return await forget(store)
  } finally {
    release()
  }
}

async function streamedKeys({ store }: Lake): Promise<string[]> {
  const keys: string[] = []
  for (const root of ['bronze/', 'streaming/']) {
    for await (const { key } of store.list(root)) {
      if (!isDescriptor(key) && (await isStreamed(store, key))) keys.push(key)
    }
  }
  return keys
}

async function publishAll(lake: Lake, name: string, keys: string[], options: PublishOptions) {
  const stream = openStream(name)
  const outcomes: Outcome[] = []
  const bar =
    options.json || !process.stderr.isTTY
      ? undefined
      : new SingleBar({ format: '{bar} {percentage}% of {object}', clearOnComplete: true })
  whenLeft(() => bar?.stop())
  try {
    for (const key of keys) {
      bar?.start(1, 0, { object: plain(key) })
      const outcome = await publish(lake, stream, key, (part) => bar?.update(part)).catch(
        (error: Error): Outcome => ({ ...failed, object: key, reason: error.message }),
      )
      if (isBelowReplay(key)) {
        const why = 'a stream takes nothing back: mended rows go to Postgres and Silver only'
        process.stderr.write(`sluice: ${plain(key)} is not published: ${why}\n`)
      }
      if (!outcome) continue
      outcomes.push(outcome)
      if (options.json) process.stdout.write(`${jsonLine(outcome)}\n`)
    }
  } finally {
    bar?.stop()
  }
  return outcomes
}

/** A fault of one object keeps no other from its turn. */
const failed = {
  stage: 'streaming',
  dataset: undefined,
  status: 'failed',
  seconds: 0,
  ...none,
} as const
