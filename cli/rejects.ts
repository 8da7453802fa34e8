import { once } from 'node:events'
import Table from 'cli-table3'
import type { Command } from 'commander'
import { Refused } from '../core/errors.ts'
import { fixLines } from '../core/fix-lines.ts'
import { type KeptError, rejectsOf, waitingOf } from '../core/kept.ts'
import { type StreamError, streamRejectsOf } from '../core/stream-rejects.ts'
import { type Context, openContext } from './context.ts'
import { type CommonOptions, commandOf } from './options.ts'
import { shown } from './shown.ts'

interface RejectsOptions extends CommonOptions {
  waiting?: boolean
  mended?: boolean
  csv?: boolean
}

export function rejectsCommand(): Command {
  return commandOf('rejects', 'every rejected record: where it stands, and each of its errors')
    .argument('[dataset]', 'only of this dataset, such as shop.orders')
    .option('--waiting', 'the rows that wait for their parent instead')
    .option('--mended', 'the records that were mended since instead')
    .option('--csv', 'a file to mend them in, for `sluice replay`: a line for each record')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice rejects\n  sluice rejects shop.orders --json\n' +
        '  sluice rejects shop.orders --csv > fix.csv',
    )
    .action(rejects)
}

async function rejects(dataset: string | undefined, options: RejectsOptions): Promise<void> {
  const { waiting, mended, csv, json } = options
  const asked = Object.entries({ waiting, mended, csv }).filter(([, given]) => given)
  if (asked.length > 1 || (csv && json)) {
    throw new Refused('--waiting, --mended and --csv: give one of them; and --csv without --json')
  }
  const context = await openContext({ ...options, loads: false })
  try {
    if (csv) await print(fixLines(context.lake.store, context.database, dataset))
    else await list(context, dataset, options)
  } finally {
    await context.close()
  }
}

async function print(lines: AsyncIterable<string>): Promise<void> {
  for await (const line of lines) {
    if (!process.stdout.write(line)) await once(process.stdout, 'drain')
  }
}

async function list(
  { database, lake }: Context,
  dataset: string | undefined,
  options: RejectsOptions,
): Promise<void> {
  const { waiting, mended } = options
  const { url } = lake.store
  const kept = waiting
    ? waitingOf(database, url, dataset)
    : rejectsOf(database, url, dataset, mended)
  const rows: (KeptError | StreamError)[] = []
  const tell = (error: KeptError | StreamError) => {
    if (options.json) process.stdout.write(`${JSON.stringify(error)}\n`)
    else rows.push(error)
  }
  for await (const error of kept) tell(error)
  // What came by a stream is not mended here.
  const streamed = waiting || mended ? [] : streamRejectsOf(lake, dataset)
  for await (const error of streamed) tell(error)
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
    const cells = [shown(field ?? ''), shown(value), shown(message)]
    table.push([shown(where), line, row.record ?? '', rule, ...cells])
  }
  return rows.length > 0 ? table.toString() : 'Nothing was rejected.'
}
