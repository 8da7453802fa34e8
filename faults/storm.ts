import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Running, startScript, startSluice } from './command.ts'
import { Connections } from './connections.ts'
import type { Experiment, Trial } from './experiment.ts'
import { judge, judgeLedger } from './judge.ts'
import { Source } from './source.ts'

const files = { short: 300, whole: 10_000, long: 100_000 }
const seconds = { short: 2, whole: 60, long: 600 }
const ROWS = 20
/** As docs/cli.md says of one process: SLUICE_CONNECTIONS. */
const CONNECTIONS = 4
/** Files come so often, as many as are due by then. */
const STEP_MS = 20

export const storm: Experiment = {
  name: 'storm',
  title: 'Ten thousand files arrive within a minute while `sluice start` watches.',
  promise: `every row is there once, nothing fails, by ${CONNECTIONS} connections at most`,
  limit: { short: 4, whole: 12, long: 90 },
  async run(trial) {
    const { source, url, drop } = await place(trial)
    const { lake, objects } = source
    const run = startSluice(lake, url, '--no-console')
    await until(trial, () => has(run, 2))
    const connections = await Connections.watch(url)
    const started = performance.now()
    await arrive(trial, source)
    trial.note('files', objects)
    trial.note('arrived within', `${since(started)} s`)
    await until(trial, () => has(run, 2 * objects))
    trial.note('visible after', `${since(started)} s`)
    run.child.kill('SIGINT')
    const code = await run.ended
    const findings = code === 0 ? [] : [`it ended with ${code}`]
    for (const { status, object, reason } of run.lines) {
      if (status === 'failed') findings.push(`${object} failed: ${reason}`)
    }
    findings.push(...(await judged(trial, source, url, connections)))
    findings.push(...(await judgeLedger(source, url)))
    await drop()
    return findings
  },
  async naive(given) {
    const trial: Trial = { ...given, size: 'short' }
    const { source, url, drop } = await place(trial)
    const run = startScript('faults/naive-loader.ts', [source.lake, '--watch'], source.lake, url)
    const connections = await Connections.watch(url)
    await sleep(1_000)
    await arrive(trial, source)
    for (let idle = 0; idle < 10 && !trial.signal.aborted; await sleep(200)) {
      idle = (await connections.count()) === 0 ? idle + 1 : 0
    }
    run.child.kill('SIGKILL')
    await run.ended
    const findings = await judged(trial, source, url, connections)
    await drop()
    return findings
  },
}

/** One object is there already. */
async function place({ folder, size, newDatabase }: Trial) {
  const count = files[size]
  const source = new Source(join(folder, 'lake'), 'lines', count, count * ROWS, 1)
  return { source, ...(await newDatabase()) }
}

async function arrive({ size, signal }: Trial, source: Source): Promise<void> {
  const started = performance.now()
  for (let next = 1; next < source.objects; ) {
    const share = (performance.now() - started) / (1_000 * seconds[size])
    const due = Math.min(source.objects, Math.ceil(share * source.objects))
    for (; next < due; next++) source.rewrite(next)
    await sleep(STEP_MS, undefined, { signal })
  }
}

/** Whether so many ends are told: each object has two, of the two stages. */
function has({ lines, child }: Running, ends: number): boolean {
  if (child.exitCode !== null) throw new Error(`sluice start ended with ${child.exitCode}`)
  return lines.length >= ends && endsOf(lines) >= ends
}

function endsOf(lines: Running['lines']): number {
  const ended = lines.filter(({ status }) => status === 'loaded')
  return new Set(ended.map(({ stage, object }) => `${stage} ${object}`)).size
}

async function until({ signal }: Trial, isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(50, undefined, { signal })
}

async function judged(trial: Trial, source: Source, url: string, connections: Connections) {
  await connections.end()
  const { peak } = connections
  trial.note('connections peak', peak)
  const many = peak > CONNECTIONS ? [`${peak} connections at once, not ${CONNECTIONS}`] : []
  return [...(await judge(source, url)), ...many]
}

function since(started: number): number {
  return Math.round((performance.now() - started) / 1_000)
}
