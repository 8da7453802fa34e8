import Table from 'cli-table3'
import type { Command } from 'commander'
import { type KeptError, rejectsOf, waitingOf } from '../core/kept.ts'
import { openContext } from './context.ts'
import { type CommonOptions, commandOf } from './options.ts'

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
  const rows: KeptError[] = []
  try {
    for await (const error of kept(database, lake.store.url, dataset)) {
      if (options.json) process.stdout.write(`${JSON.stringify(error)}\n`)
      else rows.push(error)
    }
  } finally {
    await context.close()
  }
  if (!options.json) process.stdout.write(`${tableOf(rows)}\n`)
}

function tableOf(rows: KeptError[]): string {
  const table = new Table({
    head: ['object', 'line', 'record', 'rule', 'field', 'value', 'message'],
    colAligns: ['left', 'right', 'right', 'left', 'left', 'left', 'left'],
    style: { head: [], border: [], compact: true },
  })
  for (const { object, line, record, rule, field, value, message } of rows) {
    table.push([object, line, record, rule, field ?? '', shown(value), shown(message)])
  }
  return rows.length > 0 ? table.toString() : 'Nothing was rejected.'
}

/** Hostile text stays on its line, and says nothing to the terminal. */
function shown(text: string | null): string {
  const plain = (text ?? '').replace(/[\p{Cc}\p{Cf}]/gu, '\u00b7')
  return plain.length > 60 ? `${plain.slice(0, 59)}…` : plain
}
