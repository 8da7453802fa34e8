import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Running, startScript } from './command.ts'
import { dieEverywhere } from './deaths.ts'
import type { Experiment, Trial } from './experiment.ts'
import { judge } from './judge.ts'
import { killAll } from './kills.ts'
import { rawScene, silverScene, streamScenes } from './scenes.ts'
import { Source } from './source.ts'

export const crash: Experiment = {
  name: 'crash',
  title:
    'Processes kill themselves (SIGKILL) at every moment of every stage, around each call of ' +
    'store, database and stream; and are killed at random moments of loads and of a stream.',
  promise: 'every row is there once, whenever a process died, after one more run',
  limit: { short: 6, whole: 20, long: 180 },
  async run(trial) {
    const stream = await streamScenes(trial)
    const scenes = [...stream.scenes, await silverScene(trial), await rawScene(trial)]
    const dead = await dieEverywhere(trial, scenes).finally(stream.end)
    return [...dead, ...(await killAll(trial))]
  },
  naive,
}

/** Killed once between two chunks, and once while it writes Parquet. */
async function naive(trial: Trial): Promise<string[]> {
  const source = new Source(join(trial.folder, 'lake'), 'lines', 1, 10_000)
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
