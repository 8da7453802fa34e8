import type { Command } from 'commander'
import { readRecord } from '../core/commit-record.ts'
import { outcomesOf } from '../core/ledger.ts'
import { parseManifest } from '../core/manifest.ts'
import type { Outcome } from '../core/outcome.ts'
import { type Context, openContext } from './context.ts'
import { type CommonOptions, commandOf } from './options.ts'
import { exitCodeOf, jsonLine, tableOf } from './report.ts'

export function statusCommand(): Command {
  return commandOf('status', 'what became of every object, in Postgres and in Silver')
    .addHelpText('after', '\nExamples:\n  sluice status\n  sluice status --lake /srv/lake --json')
    .action(status)
}

async function status(options: CommonOptions): Promise<void> {
  const context = await openContext(options)
  try {
    const outcomes = [...(await fromLedger(context)), ...(await fromManifests(context))]
    const told = options.json ? outcomes.map(jsonLine).join('\n') : tableOf(outcomes)
    if (told) process.stdout.write(`${told}\n`)
    process.exitCode = exitCodeOf(outcomes)
  } finally {
    await context.close()
  }
}

function fromLedger({ database, lake }: Context): Promise<Outcome[]> {
  return outcomesOf(database, lake.store.url)
}

async function fromManifests({ lake }: Context): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for await (const { key } of lake.store.list('silver/')) {
    if (!/\/_manifests\/[^/]+\.json$/.test(key)) continue
    const state = (await readRecord(lake.store, key, parseManifest))?.record.state
    if (!state) continue
    const { object, dataset, status, reason, records, accepted, rejected } = state
    const counts = { records, accepted, rejected, waiting: 0, seconds: 0 }
    outcomes.push({ stage: 'silver', object, dataset, status, reason, ...counts })
  }
  return outcomes
}
