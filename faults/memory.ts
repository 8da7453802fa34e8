import { rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { openDuck } from '../core/duck/duckdb.ts'
import { literal } from '../core/names.ts'
import { type Running, startScript } from './command.ts'
import { MemoryGroup, peakOf } from './confined.ts'
import type { Trial } from './experiment.ts'
import { goodRows, type Heavy, heavies, plantHeavy, writeEndless } from './heavy.ts'
import { judge } from './judge.ts'
import { Source } from './source.ts'

/** MiB. What is packed unpacks to sixteen times as much as `others`: to more than is harmless. */
const weights = {
  short: { line: 16, others: 20 },
  whole: { line: 1024, others: 64 },
  long: { line: 4096, others: 512 },
}
/** MiB that a process has, and what it is told of it. */
const MEMORY = 512
/** Without the last, glibc keeps an arena for each thread, and 512 MiB are not always enough. */
const frugal = {
  NODE_OPTIONS: '--max-old-space-size=256',
  ...{ SLUICE_MEMORY: '128MB', SLUICE_THREADS: '1', MALLOC_ARENA_MAX: '1' },
}
/** Without a control group: MiB that may be resident, shared libraries (150 MiB) included. */
const RESIDENT = 700
/** MiB: more than a text of JavaScript can have. */
const TOO_LONG = 520

/** Objects that are too much for the memory that there is. */
export async function tooHeavy(trial: Trial): Promise<string[]> {
  const lake = join(trial.folder, 'heavy')
  await plantHeavy(lake, weights[trial.size])
  const { url, drop } = await trial.newDatabase()
  const args = ['start', '--lake', lake, '--json', '--once']
  const running = startScript('cli/sluice.ts', args, lake, url, frugal)
  const group = confined(trial, running)
  const peak = await peakOf(running)
  const code = await running.ended
  group?.remove()
  trial.note('peak of resident memory', `${peak} MiB`)
  const findings = heavies.flatMap((heavy) => judgeEnds(running, heavy))
  if (code !== 3) findings.push(`it ended with ${code}`)
  if (!group && peak > RESIDENT) findings.push(`it took ${peak} MiB of memory`)
  findings.push(...(await judgeRows(lake, url)))
  await drop()
  return findings
}

function confined(trial: Trial, running: Running): MemoryGroup | undefined {
  const group = MemoryGroup.make(`sluice-${process.pid}-${trial.seed}`, MEMORY << 20)
  group?.take(running)
  const without = `no control group can be made here: ${RESIDENT} MiB may be resident`
  trial.note('memory', group ? `${MEMORY} MiB, by a control group` : without)
  return group
}

/** What both stages told of the bad object. */
function judgeEnds({ lines }: Running, { name, ends }: Heavy): string[] {
  return ['raw-ingestion', 'silver'].flatMap((stage) => {
    const found = lines.filter(
      (line) => line.stage === stage && line.object.startsWith(`bronze/${name}/bad.csv`),
    )
    const { status = 'no end', records, rejected, reason = '' } = found[0] ?? {}
    const told = `${stage} ${name}: ${status}, ${records} records, ${rejected} rejected, ${reason}`
    const isSo =
      'refused' in ends
        ? status === 'refused' && refusalOf(ends, stage).test(reason) && reason.length < 1_000
        : status === 'loaded' && records === ends.records && rejected === ends.rejected
    return isSo && found.length === 1 ? [] : [told.slice(0, 300)]
  })
}

function refusalOf(ends: { refused: RegExp; silver?: RegExp }, stage: string): RegExp {
  return (stage === 'silver' ? ends.silver : undefined) ?? ends.refused
}

/** Rows and rejects of every object by plain SQL and plain globs. */
async function judgeRows(lake: string, url: string): Promise<string[]> {
  const client = new pg.Client(url)
  await client.connect()
  const duck = await openDuck()
  const findings: string[] = []
  const expect = async (what: string, wanted: number, found: Promise<number>) => {
    const count = await found.catch((error: Error) => error.message)
    if (count !== wanted) findings.push(`${what}: ${count}, not ${wanted}`)
  }
  const inPostgres = async (sql: string) => Number((await client.query(sql)).rows[0]?.count)
  const inFiles = async (folder: string) => {
    const files = literal(join(lake, folder, '**/*.parquet'))
    return Number((await duck.all(`SELECT count(*) FROM read_parquet(${files})`))[0]?.[0])
  }
  for (const { name, ends } of heavies) {
    await expect(`${name}.good`, goodRows, inPostgres(`SELECT count(*) FROM ${name}.good`))
    await expect(`silver/${name}/good`, goodRows, inFiles(`silver/${name}/good`))
    if ('refused' in ends) continue
    const bad = ends.records - ends.rejected
    await expect(`${name}.bad`, bad, inPostgres(`SELECT count(*) FROM ${name}.bad`))
    await expect(`quarantine/${name}`, ends.rejected, inFiles(`quarantine/${name}/bad`))
  }
  const rejected = heavies.map(({ ends }) => ('refused' in ends ? 0 : ends.rejected))
  const all = rejected.reduce((sum, one) => sum + one, 0)
  await expect('rejects', all, inPostgres('SELECT count(*) FROM sluice.rejects'))
  duck.close()
  await client.end()
  return findings
}

/** One line that is no text any more stands before a file that is good. */
export async function tooHeavyForNaive(trial: Trial): Promise<string[]> {
  const source = new Source(join(trial.folder, 'heavy'), 'lines', 1, 1_000)
  const { lake } = source
  const { url, drop } = await trial.newDatabase()
  const line = join(lake, 'bronze/kill/lines/#.csv')
  writeEndless(line, 'x', TOO_LONG)
  await startScript('faults/naive-loader.ts', [lake], lake, url, frugal).ended
  rmSync(line)
  const findings = await judge(source, url)
  await drop()
  return findings
}
