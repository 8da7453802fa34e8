import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startScript, startSluice } from './command.ts'
import type { Experiment, Trial } from './experiment.ts'
import { Handlers } from './handlers.ts'
import { judge, judgeLedger } from './judge.ts'
import { shuffled } from './random.ts'
import { type Dataset, Source } from './source.ts'

const OBJECTS = 6
/** In this process, and as many in processes of their own. */
const HANDLERS = 4
const rows = { short: 3_000, whole: 60_000, long: 120_000 }
const changes = { short: 12, whole: 120, long: 2_000 }
/** Events of one change, at most. */
const TIMES = 5

export const events: Experiment = {
  name: 'events',
  title:
    `Events come one to ${TIMES} times, in any order, to ${2 * HANDLERS} handlers at once, ` +
    'while their objects are overwritten, children beside their parents; ' +
    'and eight commands begin on one lake at once.',
  promise: 'the newest version of each object is there once, and no child waits any more',
  limit: { short: 4, whole: 12, long: 60 },
  run: async (trial) => [...(await deliver(trial)), ...(await beginTogether(trial))],
  naive,
}

async function deliver(trial: Trial): Promise<string[]> {
  const { folder, random, size } = trial
  const lake = join(folder, 'events')
  const datasets: Dataset[] = ['parts', 'rows', 'lines']
  const sources = datasets.map((dataset) => new Source(lake, dataset, OBJECTS, rows[size]))
  const { url, drop } = await trial.newDatabase()
  const handlers = await Promise.all(
    Array.from({ length: HANDLERS }, () => Handlers.open(lake, url)),
  )
  const processes = Array.from({ length: HANDLERS }, () =>
    startScript('faults/handlers-process.ts', [lake], lake, url),
  )
  const takers = [
    ...handlers.map((one) => (key: string) => one.add(key)),
    ...processes.map(
      ({ child }) =>
        (key: string) =>
          child.stdin?.write(`${key}\n`),
    ),
  ]
  const queue = new Queue(takers, random)
  for (const key of sources.flatMap((source) => source.keys)) queue.tell(key)
  for (let change = 0; change < changes[size]; change++) {
    trial.signal.throwIfAborted()
    const source = sources[Math.floor(random() * sources.length)]
    for (const key of source ? changed(source, random) : []) queue.tell(key)
    queue.bring(Math.floor(random() * 8))
    await sleep(random() * 100)
  }
  queue.bring(Number.POSITIVE_INFINITY)
  trial.note('events', queue.brought)
  for (const { child } of processes) child.stdin?.end()
  const dead = await Promise.all(handlers.map((one) => one.end()))
  const codes = await Promise.all(processes.map(({ ended }) => ended))
  const findings = [...dead.flat(), ...processes.flatMap(({ lines }) => lines.map(String))]
  if (codes.some((code) => code !== 0)) findings.push(`handlers ended with ${codes}`)
  for (const source of sources) findings.push(...(await judge(source, url)))
  findings.push(...(await judgeLedger({ objects: datasets.length * OBJECTS }, url)))
  await drop()
  return findings
}

/** @returns the keys whose content is another one now */
function changed(source: Source, random: () => number): string[] {
  const k = Math.floor(random() * source.objects)
  const { keys } = source
  if (k > 0 && random() < 0.3) {
    source.moveKeys(k, random())
    return [keys[k - 1] ?? '', keys[k] ?? '']
  }
  source.rewrite(k, random() < 0.3 ? 'in place' : 'in one step')
  return [keys[k] ?? '']
}

/** Events that are under way: any of them comes next, to any who takes them. */
class Queue {
  brought = 0
  readonly #takers: ((key: string) => void)[]
  readonly #random: () => number
  #waiting: string[] = []

  constructor(takers: ((key: string) => void)[], random: () => number) {
    this.#takers = takers
    this.#random = random
  }

  tell(key: string): void {
    const times = 1 + Math.floor(this.#random() * TIMES)
    this.#waiting.push(...Array.from({ length: times }, () => key))
  }

  bring(count: number): void {
    const all = shuffled(this.#waiting, this.#random)
    this.#waiting = all.slice(count)
    for (const key of all.slice(0, count)) {
      this.#takers[Math.floor(this.#random() * this.#takers.length)]?.(key)
      this.brought++
    }
  }
}

/** Whole commands, of which each sees all objects. */
async function beginTogether(trial: Trial): Promise<string[]> {
  const lake = join(trial.folder, 'together')
  const source = new Source(lake, 'rows', OBJECTS, 6_000)
  const { url, drop } = await trial.newDatabase()
  const runs = Array.from({ length: 2 * HANDLERS }, () => startSluice(lake, url, '--once'))
  const codes = await Promise.all(runs.map(({ ended }) => ended))
  const findings = codes.flatMap((code) => (code === 3 ? [] : [`a command ended with ${code}`]))
  const loaded = runs
    .flatMap(({ lines }) => lines)
    .filter(({ stage, status }) => stage === 'raw-ingestion' && status === 'loaded')
  if (loaded.length !== OBJECTS) findings.push(`${loaded.length} objects were loaded`)
  const again = startSluice(lake, url, '--once')
  await again.ended
  const changed = again.lines.filter(({ status }) => status !== 'unchanged')
  if (changed.length > 0) findings.push(`${changed.length} objects are no longer as they were`)
  findings.push(...(await judge(source, url)), ...(await judgeLedger(source, url)))
  await drop()
  return findings
}

/** The same: each event to any of eight loaders at once. */
async function naive(trial: Trial): Promise<string[]> {
  const lake = join(trial.folder, 'naive')
  const source = new Source(lake, 'lines', OBJECTS, 6_000)
  const { url, drop } = await trial.newDatabase()
  const files = source.keys.map((key) => key.slice(key.lastIndexOf('/') + 1))
  const loaders = Array.from({ length: 2 * HANDLERS }, () =>
    startScript('faults/naive-loader.ts', [lake, ...shuffled(files, trial.random)], lake, url),
  )
  await Promise.all(loaders.map(({ ended }) => ended))
  const findings = await judge(source, url)
  await drop()
  return findings
}
