import Table from 'cli-table3'
import type { Command } from 'commander'
import { readRecord } from '../core/commit-record.ts'
import { outcomesOf } from '../core/ledger.ts'
import { parseManifest } from '../core/manifest.ts'
import type { Outcome } from '../core/outcome.ts'
import { publishedObjects, type ShardStatus, shardStatuses } from '../core/stream-status.ts'
import { type Context, openContext } from './context.ts'
import { type CommonOptions, commandOf } from './options.ts'
import { exitCodeOf, jsonLine, tableOf } from './report.ts'
import { amiss, heading } from './style.ts'

const help = `
Exit code 3: something was rejected, waits, or was refused or held; below the table stands why.

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
    const { store } = context.lake
    const outcomes = [
      ...(await fromLedger(context)),
      ...(await fromManifests(context)),
      ...(await publishedObjects(store)),
    ]
    const shards = await shardStatuses(store)
    const told = options.json
      ? [...outcomes.map(jsonLine), ...shards.map((one) => JSON.stringify(one))]
      : [
          outcomes.length > 0 ? tableOf(outcomes) : nothing,
          ...(shards.length > 0 ? [shardTable(shards)] : []),
        ]
    if (told.length > 0) process.stdout.write(`${told.join('\n')}\n`)
    const code = exitCodeOf(outcomes)
    process.exitCode = code === 0 && shards.some(({ poison }) => poison > 0) ? 3 : code
  } finally {
    await context.close()
  }
}

const nothing =
  'No object was taken yet: put files into bronze/<package>/ of the lake, and run `sluice start`.'

function fromLedger({ database, lake }: Context): Promise<Outcome[]> {
  return outcomesOf(database, lake.store.url)
}

async function fromManifests({ lake }: Context): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for await (const { key } of lake.store.list('silver/')) {
    if (!/\/_manifests\/[^/]+\.json$/.test(key)) continue
    const state = (await readRecord(lake.store, key, parseManifest))?.record.state
    if (!state) continue
    const { object, dataset, status, reason, records, accepted, rejected, seconds = 0 } = state
    const counts = { records, accepted, rejected, waiting: 0, seconds }
    outcomes.push({ stage: 'silver', object, dataset, status, reason, ...counts })
  }
  return outcomes
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
