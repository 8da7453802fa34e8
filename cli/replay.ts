import { statSync } from 'node:fs'
import type { Command } from 'commander'
import { Refused } from '../core/errors.ts'
import { readFixFile } from '../core/replay/fix-file.ts'
import { type KeptRecord, keptRecords, mustBeKnown } from '../core/replay/kept.ts'
import { type Mended, mendFile } from '../core/replay/mend-file.ts'
import { mendKept } from '../core/replay/mending.ts'
import { type Context, openContext } from './context.ts'
import { type Column, fitted } from './fitted.ts'
import { loadKeys } from './ingest.ts'
import { type CommonOptions, commandOf, mustBeThere } from './options.ts'
import { plain } from './shown.ts'
import { rule as coloured } from './style.ts'

interface ReplayOptions extends CommonOptions {
  all?: string
}

const help = `
Lines that the contract still rejects are told and stay; the others go, as an object of Bronze. The
same file again changes nothing. Exit code 3: something of what was given is still rejected.

Examples:
  sluice rejects shop.orders --csv > fix.csv
  sluice replay fix.csv
  sluice replay --all shop.orders --json`

export function replayCommand(): Command {
  return commandOf('replay', 'Bring mended rejects into Postgres and Silver, once.')
    .argument('[file]', 'a file of `sluice rejects <dataset> --csv`, mended')
    .option('--all <dataset>', 'every kept reject of it, by the contract of today, instead')
    .addHelpText('after', help)
    .action(replay)
}

async function replay(file: string | undefined, options: ReplayOptions): Promise<void> {
  if ((file === undefined) === (options.all === undefined)) {
    throw new Refused(
      'give a file of `sluice rejects <dataset> --csv`, mended; or --all with a dataset',
    )
  }
  mustBeThere(options.lake)
  if (file !== undefined && !isThere(file)) {
    const cure = '`sluice rejects <dataset> --csv > fix.csv` writes one'
    throw new Refused(`there is no file ${file}; ${cure}`)
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

/** A pipe is, too: `sluice replay <(…)`. */
function isThere(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() === false
}

/** @throws Refused for a file that is no file of rejects */
async function mend({ lake, database }: Context, file: string): Promise<Mended[]> {
  return mendFile(lake, database, await readFixFile(file))
}

/** Object by object, as the ledger has them in their order. */
async function mendAll({ lake, database }: Context, dataset: string): Promise<Mended[]> {
  await mustBeKnown(database, lake.store.url, dataset)
  const told: Mended[] = []
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

function tell(told: Mended[], file: string | undefined, options: ReplayOptions): void {
  if (options.json) {
    for (const { object, key, went, there, stay, same } of told) {
      const said = { stage: 'replay', object, replay: key, went, there, stay: stay.length, same }
      process.stdout.write(`${JSON.stringify(said)}\n`)
      for (const { line, record, errors } of stay) {
        for (const error of errors) {
          process.stdout.write(`${JSON.stringify({ object, line, record, ...error })}\n`)
        }
      }
    }
    return
  }
  const sum = (of: (one: Mended) => number) => told.reduce((total, one) => total + of(one), 0)
  const [went, stay] = [sum((one) => one.went), sum((one) => one.stay.length)]
  const [there, same] = [sum((one) => one.there), sum((one) => one.same)]
  if (stay > 0) process.stdout.write(`${tableOf(told, file)}\n`)
  const parts = [
    count(went, 'row goes', 'rows go'),
    ...(there > 0 ? [count(there, 'is there already', 'are there already')] : []),
    count(stay, 'stays rejected', 'stay rejected'),
    ...(same > 0 ? [count(same, 'stands as it was', 'stand as they were')] : []),
  ]
  const none = file ?? `the rejects of ${options.all}`
  const end = told.length > 0 ? parts.join(', ') : `${plain(none)}: no row is left to be mended`
  process.stdout.write(`${end}.\n`)
}

function count(number: number, one: string, several: string): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : several}`
}

/** Rows of the table: of a million, nobody reads more. */
const SHOWN = 200

function tableOf(told: Mended[], file: string | undefined): string {
  const rows = told.flatMap(({ object, stay }) =>
    stay.flatMap(({ line, record, errors }) =>
      errors.map(({ rule, field, value, message }) => {
        const why = [field ?? '', value ?? '', message].map(plain)
        const place = [plain(object), Number.isNaN(record) ? '' : record]
        return [...(file === undefined ? [] : [line ?? '']), ...place, coloured(rule), ...why]
      }),
    ),
  )
  const wanted = file === undefined ? columns.slice(1) : columns
  const table = fitted(wanted, rows.slice(0, SHOWN))
  const more = rows.length - SHOWN
  return more > 0 ? `${table}\nand ${more.toLocaleString('en')} more` : table
}

const columns: Column[] = [
  { name: 'line', align: 'right' },
  { name: 'object' },
  { name: 'record', align: 'right' },
  { name: 'rule' },
  { name: 'field' },
  { name: 'value', isLong: true },
  { name: 'message', isLong: true },
]
