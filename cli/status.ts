import Table from 'cli-table3'
import type { Command } from 'commander'
import { readRecord } from '../core/commit/commit-record.ts'
import { type Manifest, parseManifest } from '../core/commit/manifest.ts'
import { failuresOf } from '../core/database/failures.ts'
import { outcomesOf } from '../core/database/ledger.ts'
import { versionsLookedAt } from '../core/database/object-list.ts'
import type { Outcome } from '../core/outcome.ts'
import type { ObjectStore } from '../core/store/object-store.ts'
import { lookedAt, outcomeOf } from '../core/stream/publication.ts'
import { publicationsIn, type ShardStatus, shardStatuses } from '../core/stream/stream-status.ts'
import { inputsIn, looksOf, streamedFolders, type Unseen, unseenAmong } from '../local/unseen.ts'
import { asCalled } from './called.ts'
import { type Context, openContext } from './context.ts'
import { type CommonOptions, commandOf } from './options.ts'
import { exitCodeOf, jsonLine, tableOf } from './report.ts'
import { plain } from './shown.ts'
import { amiss, heading } from './style.ts'
import { toldOfUnseen, unseenLine } from './unseen-report.ts'

const help = `
Exit code 3: something was rejected, waits, or was refused or held, or lies in Bronze (streaming/)
and no stage has looked at it; below the table stands why, and what to do. 1: a load has failed, by
a fault of the database, say; it is tried again where \`start\` runs, or functions do.

Examples:
  sluice status
  sluice status --lake s3://my-lake --database postgres://…
  sluice status --json | jq 'select(.status == "refused")'`

export function statusCommand(): Command {
  return commandOf(
    'status',
    'Tell what became of every object, and how far every shard of a stream is committed.',
  )
    .addHelpText('after', help)
    .action(status)
}

async function status(options: CommonOptions): Promise<void> {
  const context = await openContext({ ...options, loads: false })
  try {
    const { outcomes, unseen } = await standing(context)
    const shards = await shardStatuses(context.lake.store)
    const told = options.json
      ? [
          ...outcomes.map(jsonLine),
          ...unseen.map((one) => unseenLine(one, options)),
          ...shards.map((one) => JSON.stringify(one)),
        ]
      : [
          ...(outcomes.length > 0 ? [tableOf(outcomes, options)] : []),
          ...(unseen.length > 0 ? [toldOfUnseen(unseen, options)] : []),
          ...(outcomes.length + unseen.length === 0 ? [asCalled(nothing, options)] : []),
          ...(shards.length > 0 ? [shardTable(shards)] : []),
        ]
    if (told.length > 0) process.stdout.write(`${told.join('\n')}\n`)
    const isLeft = unseen.length > 0 || shards.some(({ poison }) => poison > 0)
    const hasFailed = unseen.some(({ failure }) => failure)
    process.exitCode = hasFailed ? 1 : exitCodeOf(outcomes) || (isLeft ? 3 : 0)
  } finally {
    await context.close()
  }
}

const nothing =
  'No object was taken yet: put files into bronze/<package>/ of the lake, and run `sluice start`.'

/** How every object stands, and those that lie there and that no stage has looked at. */
async function standing({
  database,
  lake: { store },
}: Context): Promise<{ outcomes: Outcome[]; unseen: Unseen[] }> {
  const inputs = await inputsIn(store, ({ message }) => say(`left out: ${message}`))
  const manifests = await manifestsIn(store)
  const publications = await publicationsIn(store)
  const noted = await versionsLookedAt(database, store.url)
  const isOther = noted.length === 0 && manifests.length > 0
  if (isOther) say('this database knows no object of this lake; --database names another')
  const { unseen, ends } = await unseenAmong(store, inputs, {
    // Then nothing is to be loaded into it, as far as anybody knows.
    raw: isOther ? undefined : looksOf(noted),
    silver: looksOf(manifests),
    streamed: await streamedFolders(store, inputs),
    failures: await failuresOf(database, store.url),
    stream: looksOf(publications.map((one) => ({ object: one.object, etag: lookedAt(one) }))),
  })
  const known = new Set(publications.map(({ object }) => object))
  const outcomes = [
    ...(await outcomesOf(database, store.url)),
    ...manifests.map(silverEnd),
    ...publications.map((one) => newest(outcomeOf(one), ends)),
    ...ends.filter(({ object }) => !known.has(object)),
  ]
  return { outcomes, unseen }
}

/** The counts are those of the version that flowed, and the rest is said of the one there now. */
function newest(flowed: Outcome, ends: Outcome[]): Outcome {
  const end = ends.find(({ object }) => object === flowed.object)
  return end ? { ...flowed, status: end.status, reason: end.reason } : flowed
}

function say(what: string): void {
  process.stderr.write(`sluice: ${plain(what)}\n`)
}

async function manifestsIn(store: ObjectStore): Promise<Manifest[]> {
  const states: Manifest[] = []
  for await (const { key } of store.list('silver/')) {
    if (!/\/_manifests\/[^/]+\.json$/.test(key)) continue
    const state = (await readRecord(store, key, parseManifest))?.record.state
    if (state) states.push(state)
  }
  return states
}

function silverEnd(state: Manifest): Outcome {
  const { object, dataset, status, reason, records, accepted, rejected, seconds = 0 } = state
  const counts = { records, accepted, rejected, waiting: 0, seconds }
  return { stage: 'silver', object, dataset, status, reason, ...counts }
}

/** One row a shard. */
function shardTable(shards: ShardStatus[]): string {
  const counts = ['records', 'accepted', 'rejected', 'late', 'poison', 'open', 'bytes'] as const
  const head = ['shard', 'since', 'last commit', 'watermark', ...counts]
  const table = new Table({
    head: head.map(heading),
    colAligns: head.map((_, i) => (i < 4 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  })
  for (const one of shards) {
    const name = `${one.stream} ${one.shard}${one.closed ? ' (closed)' : ''}`
    const numbers = counts.map((count) => {
      const isAmiss = count === 'rejected' || count === 'poison'
      return isAmiss ? amiss(one[count]) : one[count].toLocaleString('en')
    })
    table.push([name, one.created, one.updated, one.watermark ?? '', ...numbers])
  }
  return table.toString()
}
