import Table from 'cli-table3'
import type { Command } from 'commander'
import { openLake } from '../core/lake.ts'
import { compact } from '../functions/maintenance/compact.ts'
import type { Compacted } from '../functions/maintenance/partition.ts'
import { type CommonOptions, lakeCommandOf, mustBeThere } from './options.ts'
import { heading } from './style.ts'

interface CompactOptions extends CommonOptions {
  dataset?: string
  all?: boolean
}

const help = `
A reader sees a partition's files before or after, and none in between; streaming goes on meanwhile.
What was merged leaves empty files behind, which \`sluice vacuum\` deletes. Partitions whose time is
not over get more files yet, and are left unless --all says otherwise.

Examples:
  sluice compact
  sluice compact --dataset till.receipts
  sluice compact --all --json`

export function compactCommand(): Command {
  return lakeCommandOf('compact', 'Merge the small files of streamed events, by partition.')
    .option('--dataset <dataset>', 'only of this dataset, such as till.receipts')
    .option('--all', 'also partitions that still grow')
    .addHelpText('after', help)
    .action(run)
}

async function run({ lake, json, dataset, all = false }: CompactOptions): Promise<void> {
  mustBeThere(lake)
  const done = await compact(openLake(lake), { all, ...(dataset !== undefined && { dataset }) })
  const told = json ? done.map((one) => JSON.stringify(one)).join('\n') : tableOf(done)
  if (told) process.stdout.write(`${told}\n`)
}

function tableOf(done: Compacted[]): string {
  if (done.length === 0) return 'No partition has small files to be merged.'
  const table = new Table({
    head: ['partition', 'files', 'now', 'rows'].map(heading),
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  })
  for (const { folder, before, after, rows } of done.filter((one) => one.before > 0)) {
    table.push([folder, ...[before, after, rows].map((count) => count.toLocaleString('en'))])
  }
  const left = done.flatMap(({ folder, skipped }) => skipped && `${folder}: left: ${skipped}`)
  return [...(table.length > 0 ? [table.toString()] : []), ...left.filter(Boolean)].join('\n')
}
