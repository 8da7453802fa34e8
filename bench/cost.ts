import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { append, limitBytes, maintenance, publish, rawIngestion, silver } from '../infra/shape.ts'
import {
  appendBill,
  type Bill,
  type Facts,
  GB,
  type Load,
  lambdaDollars,
  objectsBill,
  priceOf,
  readFacts,
  secondsOf,
  streamDollars,
  totalOf,
} from './bill.ts'

/**
 * `node bench/cost.ts` prints what a GB of CSV, a million rows and a month cost on AWS, beside Glue
 * and Firehose; `--write` puts it into docs/operations.md.
 */

const loads: [title: string, load: Load][] = [
  ['1 file of 1 GB', { files: 1, bytes: GB }],
  ['1,000 files of 1 MB', { files: 1_000, bytes: 1e6 }],
  ['100,000 files of 10 KB', { files: 100_000, bytes: 1e4 }],
]

export const place = /(?<=<!-- cost -->\n)[\s\S]*(?=<!-- \/cost -->)/

export function costTables(facts: Facts): string {
  const rows = perGb(facts)
  const million = (1e6 * facts.measured.rowBytes) / GB
  const perMillion = rows.map(([what, dollars]): Row => [what, dollars.map((d) => d * million)])
  const titles = loads.map(([title]) => title)
  return [
    table([`a GB of CSV (${count(1 / million)} million rows)`, ...titles], rows),
    table(['a million rows', ...titles], perMillion),
    table(['of Postgres and Silver, a GB', ...titles], parts(facts)),
    table(['seconds of one file', ...titles], seconds(facts), inSeconds),
    table(['a month, whether or not anything comes', ''], monthly(facts)),
  ].join('\n')
}

type Row = [what: string, numbers: number[]]

function perGb(facts: Facts): Row[] {
  const of = (dollars: (load: Load) => number) => loads.map(([, load]) => dollars(load))
  return [
    ['raw-ingestion: Postgres', of((load) => totalOf(rawBill(facts, load)))],
    ['silver: Parquet', of((load) => totalOf(silverBill(facts, load)))],
    ["**both, with the object's event**", of((load) => totalOf(...objectBills(facts, load)))],
    ['Glue, one run for all files, at least', of(() => glueDollars(facts, 1))],
    ['Glue, a run for each file, at least', of(({ files }) => glueDollars(facts, files))],
    ['**publish, Kinesis, append: Parquet**', of((load) => totalOf(...streamBills(facts, load)))],
    ['Kinesis, Firehose, JSON packed to 5 KB', of(() => firehoseDollars(facts, true))],
    ['Kinesis, Firehose, a record for each row', of(() => firehoseDollars(facts, false))],
  ]
}

function rawBill(facts: Facts, load: Load): Bill {
  return objectsBill(facts, 'raw-ingestion', rawIngestion.limits, load)
}

function silverBill(facts: Facts, load: Load): Bill {
  return objectsBill(facts, 'silver', silver.limits, load)
}

function objectBills(facts: Facts, load: Load): Bill[] {
  return [arrival(facts, load), rawBill(facts, load), silverBill(facts, load)]
}

/** S3's event of the object itself, which all stages share. */
function arrival(facts: Facts, { files }: Load): Bill {
  const events = (files * priceOf(facts, 'events')) / 1e6
  return { lambda: 0, requests: 0, events, queue: 0, logs: 0, stream: 0 }
}

/** A file above the limit of publish has to come in pieces. */
function streamBills(facts: Facts, load: Load): Bill[] {
  const pieces = Math.ceil(load.bytes / limitBytes(publish.limits))
  const cut = { files: load.files * pieces, bytes: load.bytes / pieces }
  return [
    arrival(facts, cut),
    objectsBill(facts, 'publish', publish.limits, cut),
    appendBill(facts, append.limits, append.batch, cut),
  ]
}

function glueDollars(facts: Facts, runs: number): number {
  const { glueSeconds, glueDpus } = facts.measured.assumed
  return runs * glueDpus * (glueSeconds / 3600) * priceOf(facts, 'glue')
}

/** Firehose reads JSON, from Kinesis, whose own rounding is to 1 KB. */
function firehoseDollars(facts: Facts, packed: boolean): number {
  const { rowBytes, jsonRowBytes } = facts.measured
  const rows = GB / rowBytes
  const price = priceOf(facts, 'firehoseIn') + priceOf(facts, 'firehoseParquet')
  const up = (step: number) => (packed ? jsonRowBytes : Math.ceil(jsonRowBytes / step) * step)
  return streamDollars(facts, rows * up(1024), 0) + ((rows * up(5120)) / GB) * price
}

function parts(facts: Facts): Row[] {
  const names = {
    lambda: 'Lambda',
    requests: "S3's requests",
    events: 'EventBridge',
    queue: 'SQS',
    logs: 'logs',
  } as const
  return Object.entries(names).map(([name, what]) => [
    what,
    loads.map(([, load]) =>
      objectBills(facts, load).reduce((sum, bill) => sum + bill[name as keyof Bill], 0),
    ),
  ])
}

/** How long one file takes, to be held against half of the functions' 900 seconds. */
function seconds({ measured }: Facts): Row[] {
  const stages = { 'raw-ingestion': rawIngestion, silver, publish }
  return Object.entries(stages).map(([name, { limits }]) => [
    name,
    loads.map(([, { bytes }]) => secondsOf(measured, name as keyof typeof stages, limits, bytes)),
  ])
}

const HOURS = 730

function monthly(facts: Facts): Row[] {
  const { stack, assumed } = facts.measured
  const polls = (HOURS * 60 * assumed.polls * stack.queues * priceOf(facts, 'sqs')) / 1e6
  // A data key for each caller every five minutes.
  const keys = (HOURS * 12 * stack.kmsCallers * priceOf(facts, 'kms')) / 1e4
  const rows: [string, number][] = [
    ['the stream, on demand', HOURS * priceOf(facts, 'streamHours')],
    [`${stack.metrics} metrics`, stack.metrics * priceOf(facts, 'metrics')],
    [`alarms (${stack.alarmMetrics} metrics)`, stack.alarmMetrics * priceOf(facts, 'alarms')],
    ['the dashboard', priceOf(facts, 'dashboards')],
    ['a tick each minute', tickDollars(facts)],
    [`Lambda's looks into ${stack.queues} queues`, polls],
    ['the secret', priceOf(facts, 'secrets')],
    ["the stream's keys", keys],
  ]
  const sum = rows.reduce((total, [, dollars]) => total + dollars, 0)
  return [...rows, ['**together**', sum] as [string, number]].map(([what, one]) => [what, [one]])
}

function tickDollars(facts: Facts): number {
  const { cpu, trips, gets, lists } = facts.measured.tick
  const ticks = HOURS * 60
  const { s3Seconds, logBytes } = facts.measured.assumed
  const seconds = ticks * (cpu + trips * s3Seconds)
  return (
    lambdaDollars(facts, maintenance.limits, ticks, seconds) +
    (ticks * (gets * priceOf(facts, 's3Gets') + lists * priceOf(facts, 's3Puts'))) / 1000 +
    (ticks * logBytes * priceOf(facts, 'logs')) / GB
  )
}

function table(head: string[], rows: Row[], tell = shown): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [
    line(head),
    `|---|${'---:|'.repeat(head.length - 1)}`,
    ...rows.map(([what, numbers]) => line([what, ...numbers.map(tell)])),
    '',
  ].join('\n')
}

/** Two significant digits where cents are too coarse. */
function shown(dollars: number): string {
  if (dollars < 0.0001) return '< $0.0001'
  const digits = dollars >= 1 ? 2 : 1 - Math.floor(Math.log10(dollars))
  const fraction = { minimumFractionDigits: digits, maximumFractionDigits: digits }
  return `$${dollars.toLocaleString('en', fraction)}`
}

function inSeconds(time: number): string {
  return time.toLocaleString('en', { maximumSignificantDigits: 2 })
}

function count(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 2 })
}

if (import.meta.main) {
  const tables = costTables(readFacts())
  process.stdout.write(tables)
  if (process.argv.includes('--write')) {
    const doc = join(import.meta.dirname, '../docs/operations.md')
    writeFileSync(
      doc,
      readFileSync(doc, 'utf8').replace(place, () => tables),
    )
  }
}
