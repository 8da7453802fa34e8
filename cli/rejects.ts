import Table from 'cli-table3'
import type { Command } from 'commander'
import { type KeptError, rejectsOf, waitingOf } from '../core/kept.ts'
import { type StreamError, streamRejectsOf } from '../core/stream-rejects.ts'
import { openContext } from './context.ts'
import { type CommonOptions, commandOf } from './options.ts'
import { shown } from './shown.ts'

interface RejectsOptions extends CommonOptions {
  waiting?: boolean
}

export function rejectsCommand(): Command {
  return commandOf('rejects', 'every rejected record: where it stands, and each of its errors')
    .argument('[dataset]', 'only of this dataset, such as shop.orders')
    .option('--waiting', 'the rows that wait for their parent instead')
    .addHelpText('after', '\nExamples:\n  sluice rejects\n  sluice rejects shop.orders --json')
    .action(rejects)
}

async function rejects(dataset: string | undefined, options: RejectsOptions): Promise<void> {
  const context = await openContext(options)
  const { database, lake } = context
  const kept = options.waiting ? waitingOf : rejectsOf
  const rows: (KeptError | StreamError)[] = []
  const tell = (error: KeptError | StreamError) => {
    if (options.json) process.stdout.write(`${JSON.stringify(error)}\n`)
    else rows.push(error)
  }
  try {
    for await (const error of kept(database, lake.store.url, dataset)) tell(error)
    if (!options.waiting) for await (const error of streamRejectsOf(lake, dataset)) tell(error)
  } finally {
    await context.close()
  }
  if (!options.json) process.stdout.write(`${tableOf(rows)}\n`)
}

function tableOf(rows: (KeptError | StreamError)[]): string {
  const table = new Table({
    head: ['object', 'line', 'record', 'rule', 'field', 'value', 'message'],
    colAligns: ['left', 'right', 'right', 'left', 'left', 'left', 'left'],
    style: { head: [], border: [], compact: true },
  })
  for (const row of rows) {
    const { line, rule, field, value, message } = row
    // What other producers sent is known by its sequence number.
    const where = row.object ?? ('sequence' in row ? `${row.shard} ${row.sequence}` : '')
    const cells = [field ?? '', shown(value), shown(message)]
    table.push([shown(where), line, row.record ?? '', rule, ...cells])
  }
  return rows.length > 0 ? table.toString() : 'Nothing was rejected.'
}
