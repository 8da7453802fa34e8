import { existsSync } from 'node:fs'
import Table from 'cli-table3'
import type { Command } from 'commander'
import { Refused } from '../core/errors.ts'
import { type FixRow, readFixFile } from '../core/fix-file.ts'
import { type KeptRecord, keptRecords, mustBeKnown } from '../core/kept.ts'
import type { Mending } from '../core/mended-object.ts'
import { mendKept, mendRows } from '../core/mending.ts'
import { type Context, openContext } from './context.ts'
import { loadKeys } from './ingest.ts'
import { type CommonOptions, commandOf } from './options.ts'
import { shown } from './shown.ts'

interface ReplayOptions extends CommonOptions {
  all?: string
}

/** What became of the rows of one object. */
type Told = Mending & { object: string }

export function replayCommand(): Command {
  return commandOf('replay', 'bring mended rejects into Postgres and Silver, once')
    .argument('[file]', 'a file of `sluice rejects <dataset> --csv`, mended')
    .option('--all <dataset>', 'every kept reject of it, by the contract of today, instead')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice rejects shop.orders --csv > fix.csv   (mend it in any editor)\n' +
        '  sluice replay fix.csv\n  sluice replay --all shop.orders',
    )
    .action(replay)
}

async function replay(file: string | undefined, options: ReplayOptions): Promise<void> {
  if ((file === undefined) === (options.all === undefined)) {
    throw new Refused('give a file, or --all with a dataset')
  }
  const context = await openContext(options)
  try {
    const told =
      file === undefined ? await mendAll(context, options.all!) : await mend(context, file)
    tell(told, file, options)
    const keys = told.flatMap(({ key }) => key ?? [])
    // Also where all of it was put before: whoever put it may not have come to load it.
    if (keys.length > 0) await loadKeys(context, keys, options)
    const stays = told.some(({ stay, same }) => stay.length + same > 0)
    if (stays && !process.exitCode) process.exitCode = 3
  } finally {
    await context.close()
  }
}

/** @throws Refused for a file that is no file of rejects */
async function mend({ lake, database }: Context, file: string): Promise<Told[]> {
  if (!existsSync(file)) throw new Refused(`no file ${file}`)
  const { labels, rows } = await readFixFile(file)
  const byObject = new Map<string, FixRow[]>()
  for await (const row of rows) {
    const all = byObject.get(row.object) ?? []
    all.push(row)
    byObject.set(row.object, all)
  }
  const told: Told[] = []
  for (const [object, all] of byObject) {
    told.push({ object, ...(await mendRows(lake, database, object, labels, all)) })
  }
  return told
}

/** Object by object, as the ledger has them in their order. */
async function mendAll({ lake, database }: Context, dataset: string): Promise<Told[]> {
  await mustBeKnown(database, lake.store.url, dataset)
  const told: Told[] = []
  let records: KeptRecord[] = []
  const end = async () => {
    const object = records[0]?.object
    if (object !== undefined) {
      told.push({ object, ...(await mendKept(lake, database, object, records)) })
    }
    records = []
  }
  for await (const one of keptRecords(database, lake.store.url, dataset)) {
    if (records[0] && records[0].object !== one.object) await end()
    records.push(one)
  }
  await end()
  return told
}

function tell(told: Told[], file: string | undefined, options: ReplayOptions): void {
  if (options.json) {
    for (const { object, key, went, stay, same } of told) {
      const said = { stage: 'replay', object, replay: key, went, stay: stay.length, same }
      process.stdout.write(`${JSON.stringify(said)}\n`)
      for (const { line, record, errors } of stay) {
        for (const error of errors) {
          process.stdout.write(`${JSON.stringify({ object, line, record, ...error })}\n`)
        }
      }
    }
    return
  }
  const sum = (count: (one: Told) => number) => told.reduce((total, one) => total + count(one), 0)
  const [went, stay, same] = [sum((o) => o.went), sum((o) => o.stay.length), sum((o) => o.same)]
  if (stay > 0) process.stdout.write(`${tableOf(told, file)}\n`)
  const left = same > 0 ? `, ${same.toLocaleString('en')} stand as they were rejected` : ''
  const n = (count: number) => count.toLocaleString('en')
  process.stdout.write(`${n(went)} rows go, ${n(stay)} stay rejected${left}.\n`)
}

/** Rows of the table: of a million, nobody reads more. */
const SHOWN = 200

function tableOf(told: Told[], file: string | undefined): string {
  const where = file === undefined ? [] : ['line']
  const head = [...where, 'object', 'record', 'rule', 'field', 'value', 'message']
  const table = new Table({
    head,
    colAligns: head.map((name) => (['line', 'record'].includes(name) ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
  })
  const rows = told.flatMap(({ object, stay }) =>
    stay.flatMap(({ line, record, errors }) =>
      errors.map(({ rule, field, value, message }) => {
        const cells = [rule, shown(field ?? ''), shown(value ?? ''), shown(message)]
        const place = [shown(object), Number.isNaN(record) ? '' : record]
        return [...(file === undefined ? [] : [line ?? '']), ...place, ...cells]
      }),
    ),
  )
  for (const row of rows.slice(0, SHOWN)) table.push(row)
  const more = rows.length - SHOWN
  return more > 0 ? `${table.toString()}\nand ${more.toLocaleString('en')} more` : table.toString()
}
