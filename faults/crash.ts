import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Running, startScript, startSluice } from './command.ts'
import type { Experiment, Trial } from './experiment.ts'
import { judge, judgeLedger } from './judge.ts'
import { killInRounds } from './kills.ts'
import { type Dataset, Source } from './source.ts'

const rounds = { short: 4, whole: 60, long: 200 }
const rows = { short: 100_000, whole: 200_000, long: 1_000_000 }

export const crash: Experiment = {
  name: 'crash',
  title: 'Processes are killed (SIGKILL) at random moments of a load, and started again.',
  promise: 'every row is there once, whenever a process died',
  limit: { short: 5, whole: 15, long: 120 },
  async run(trial) {
    const findings = await Promise.all([killed(trial, 'lines', 1), killed(trial, 'rows', 4)])
    return findings.flat()
  },
  naive,
}

async function killed(trial: Trial, dataset: Dataset, objects: number): Promise<string[]> {
  const { size, random } = trial
  const place = () => new Source(join(trial.folder, dataset), dataset, objects, rows[size])
  const first = await trial.newDatabase()
  const started = performance.now()
  const untouched = place()
  await startSluice(untouched.lake, first.url, '--once').ended
  const duration = Math.round(performance.now() - started)
  await first.drop()
  untouched.remove()

  const source = place()
  const { url, drop } = await trial.newDatabase()
  const kills = await killInRounds({ source, url, rounds: rounds[size], duration, random })
  trial.note(`kills (${dataset})`, kills)
  const code = await startSluice(source.lake, url, '--once').ended
  const findings = [...(await judge(source, url)), ...(await judgeLedger(source, url))]
  if (code !== 3) findings.push(`the last run ended with ${code}`)
  await drop()
  return findings
}

/** Killed once between two chunks, and once while it writes Parquet. */
async function naive(trial: Trial): Promise<string[]> {
  const source = new Source(join(trial.folder, 'lake'), 'lines', 1, 20_000)
  const { lake } = source
  const { url, drop } = await trial.newDatabase()
  const start = () => startScript('faults/naive-loader.ts', [lake], lake, url)
  await killWhen(start(), () => hasRows(url))
  await killWhen(start(), async () => hasParquet(source))
  await start().ended
  const findings = await judge(source, url)
  await drop()
  return findings
}

async function killWhen({ child, ended }: Running, isSo: () => Promise<boolean>): Promise<void> {
  while (child.exitCode === null && !(await isSo())) await sleep(2)
  child.kill('SIGKILL')
  await ended
}

async function hasRows(url: string): Promise<boolean> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query('SELECT 1 FROM kill.lines LIMIT 1')).rowCount === 1
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === '42P01') return false
    throw error
  } finally {
    await client.end()
  }
}

function hasParquet({ lake }: Source): boolean {
  const folder = join(lake, 'silver/kill/lines')
  return Boolean(statSync(folder, { throwIfNoEntry: false })) && readdirSync(folder).length > 0
}
