import { once } from 'node:events'
import type { Command } from 'commander'
import { Refused } from '../core/errors.ts'
import { fixLines } from '../core/replay/fix-lines.ts'
import { type KeptError, mustBeKnown, rejectsOf, waitingOf } from '../core/replay/kept.ts'
import { contractNamed } from '../core/stream/stream-catalog.ts'
import { type StreamError, streamRejectsOf } from '../core/stream/stream-rejects.ts'
import { type Context, openContext } from './context.ts'
import { type Column, fitted } from './fitted.ts'
import { datasetsIn } from './named.ts'
import { type CommonOptions, commandOf } from './options.ts'
import { plain } from './shown.ts'
import { rule as coloured } from './style.ts'

interface RejectsOptions extends CommonOptions {
  waiting?: boolean
  mended?: boolean
  csv?: boolean
}

const help = `
What a rule means, and how to mend what broke it: docs/rejects.md. Records that came by a stream are
told, too; those are not mended by a file.

Examples:
  sluice rejects
  sluice rejects shop.orders --json
  sluice rejects shop.orders --csv > fix.csv`

export function rejectsCommand(): Command {
  return commandOf(
    'rejects',
    'Tell every rejected record: where it stands, and each of its errors.',
  )
    .argument('[dataset]', 'only of this dataset, such as shop.orders')
    .option('--waiting', 'the rows that wait for their parent instead')
    .option('--mended', 'the records that were mended since instead')
    .option('--csv', 'a file to mend them in, for `sluice replay`: a line for each record')
    .addHelpText('after', help)
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
    if (dataset !== undefined) await mustBeNamed(context, dataset)
    if (csv) await print(fixLines(context.lake.store, context.database, dataset))
    else await list(context, dataset, options)
  } finally {
    await context.close()
  }
}

/** One of which nothing was taken yet, by its contract. @throws Refused where it is mistyped */
async function mustBeNamed({ database, lake, folder }: Context, dataset: string): Promise<void> {
  const { store } = lake
  const streamed = await contractNamed(store, dataset)
  const contracts = folder === undefined ? [] : await datasetsIn(folder)
  const named = typeof streamed === 'string' ? contracts : [...contracts, dataset]
  await mustBeKnown(database, store.url, dataset, named)
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
    return rows.length <= SHOWN
  }
  // What came by a stream is not mended here.
  const streamed = waiting || mended ? [] : [streamRejectsOf(lake, dataset)]
  for (const errors of [kept, ...streamed]) {
    for await (const error of errors) if (!tell(error)) break
  }
  if (options.json) return
  const none = `Nothing ${waiting ? 'waits' : mended ? 'was mended' : 'was rejected'}.`
  process.stdout.write(`${rows.length > 0 ? tableOf(rows.slice(0, SHOWN)) : none}\n`)
  if (rows.length <= SHOWN) return
  const first = `only the first ${SHOWN.toLocaleString('en')} errors`
  process.stderr.write(`sluice: ${first}; --json and --csv tell all\n`)
}

/** Rows of a table: of a million, nobody reads more. */
const SHOWN = 1_000

function tableOf(rows: (KeptError | StreamError)[]): string {
  const cells = rows.map((row) => {
    const { line, rule, field, value, message } = row
    // What other producers sent is known by its sequence number.
    const where = row.object ?? ('sequence' in row ? `${row.shard} ${row.sequence}` : '')
    const why = [field ?? '', value ?? '', message].map(plain)
    return [plain(where), line, row.record ?? '', coloured(rule), ...why]
  })
  return fitted(columns, cells)
}

const columns: Column[] = [
  { name: 'object' },
  { name: 'line', align: 'right' },
  { name: 'record', align: 'right' },
  { name: 'rule' },
  { name: 'field' },
  { name: 'value', isLong: true },
  { name: 'message', isLong: true },
]
