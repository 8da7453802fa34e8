import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Running, startSluice } from './command.ts'
import type { Trial } from './experiment.ts'
import { judge, judgeLedger } from './judge.ts'
import { type Dataset, Source } from './source.ts'
import { judgeStream, StreamSource } from './stream-source.ts'

/** Of each of the three kinds of load. */
const kills = { short: 2, whole: 34, long: 100 }
const rows = { short: 20_000, whole: 150_000, long: 1_000_000 }
const STREAMED = 20
/** How a run ends that has rejected something. */
const SOME = 3

/** Loads of an object, of several whose keys move, and of a stream, killed again and again. */
export async function killAll(trial: Trial): Promise<string[]> {
  const findings = await Promise.all([
    killLoads(trial, 'lines', 1),
    killLoads(trial, 'rows', 4),
    killStream(trial),
  ])
  return findings.flat()
}

async function killLoads(trial: Trial, dataset: Dataset, objects: number): Promise<string[]> {
  const lake = join(trial.folder, `killed-${dataset}`)
  const source = new Source(lake, dataset, objects, rows[trial.size])
  const first = await trial.newDatabase()
  const duration = await timeOf(async () => {
    await startSluice(lake, first.url, '--once').ended
  })
  await first.drop()
  source.forget()
  const { url, drop } = await trial.newDatabase()
  const killed = await killInRounds({ ...trial, source, url, duration })
  trial.note(`kills (${dataset})`, killed)
  const code = await startSluice(lake, url, '--once').ended
  const findings = [...(await judge(source, url)), ...(await judgeLedger(source, url))]
  await drop()
  return [...endOf(dataset, killed, trial, code), ...findings]
}

function endOf(what: string, killed: number, { size }: Trial, code: number | null): string[] {
  // A process may have ended by the moment that was meant for it.
  const few = killed < kills[size] / 2 ? [`${what}: only ${killed} processes were killed`] : []
  return code === SOME ? few : [...few, `${what}: the last run ended with ${code}`]
}

interface Kills extends Pick<Trial, 'size' | 'random' | 'signal'> {
  source: Source
  url: string
  /** What an undisturbed run takes, in ms: a kill comes at any moment of it. */
  duration: number
}

/**
 * Rounds of `sluice start --once`, each ended by SIGKILL. Between them, and within, objects change.
 *
 * @returns how many of the processes were killed; the others had ended before
 */
async function killInRounds(all: Kills): Promise<number> {
  const { source, size, random, duration, signal } = all
  let killed = 0
  for (let round = 0; killed < kills[size] && round < 4 * kills[size]; round++) {
    signal.throwIfAborted()
    if (round % 2 === 1) change(source, random)
    // A third of the kills are aimed at the moments around Silver's commit.
    const aimed = round % 3 === 2
    const together = round % 5 === 3 ? 3 : 1
    const ends = Array.from({ length: together }, () => killOne(all, aimed))
    if (round % 4 === 3) {
      await sleep(random() * duration)
      change(source, random)
    }
    killed += (await Promise.all(ends)).filter(Boolean).length
  }
  return killed
}

function change(source: Source, random: () => number): void {
  const k = Math.floor(random() * source.objects)
  if (k > 0 && random() < 0.5) source.moveKeys(k, random())
  else source.rewrite(k)
}

async function killOne({ source, url, duration, random }: Kills, aimed: boolean) {
  const run = startSluice(source.lake, url, '--once')
  const moment = random() * duration
  if (!aimed) return killAt(run, moment)
  const over = run.ended.then(() => true)
  const before = manifestsOf(source)
  const deadline = Date.now() + 2 * duration
  while (manifestsOf(source) === before && Date.now() < deadline) {
    if (await Promise.race([over, sleep(2)])) break
  }
  return killAt(run, random() * 60)
}

/** @returns whether it still ran then; a Kinesis in its child process ends with it */
async function killAt({ child, ended }: Running, moment: number): Promise<boolean> {
  await Promise.race([ended, sleep(moment)])
  child.kill('SIGKILL')
  return (await ended) === null
}

/** Changes with every intent and every commit. */
function manifestsOf({ lake, dataset }: Source): number {
  const folder = join(lake, 'silver/kill', dataset, '_manifests')
  return statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** The Kinesis of a killed process keeps nothing: what was sent is sent again. */
async function killStream(trial: Trial): Promise<string[]> {
  const { random, size, signal } = trial
  const { url, drop } = await trial.newDatabase()
  let lakes = 0
  const newSource = () => {
    return new StreamSource(join(trial.folder, `streamed-${lakes++}`), STREAMED, rows[size])
  }
  const findings: string[] = []
  /** What it made is looked at, and a new lake begins. */
  const see = async (source: StreamSource, code: number | null) => {
    findings.push(...(await judgeStream(source)))
    if (code !== SOME) findings.push(`a run of the stream ended with ${code}`)
    source.remove()
  }
  let source = newSource()
  const duration = await timeOf(async () => {
    await see(source, await startSluice(source.lake, url, '--once').ended)
  })
  source = newSource()
  let killed = 0
  for (let round = 0; killed < kills[size] && round < 4 * kills[size]; round++) {
    signal.throwIfAborted()
    const run = startSluice(source.lake, url, '--once')
    if (await killAt(run, random() * duration)) killed++
    else {
      await see(source, run.child.exitCode)
      source = newSource()
    }
  }
  trial.note('kills (stream)', killed)
  const code = await startSluice(source.lake, url, '--once').ended
  await see(source, code)
  await drop()
  return [...endOf('stream', killed, trial, code), ...findings]
}

async function timeOf(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return Math.round(performance.now() - started)
}
