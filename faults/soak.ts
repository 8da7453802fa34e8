import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Running, startScript, startSluice } from './command.ts'
import { CrashingServer } from './crashing-server.ts'
import { Disturbances, park } from './disturbances.ts'
import type { Experiment, Trial } from './experiment.ts'
import { judge } from './judge.ts'
import { Source } from './source.ts'
import { judgeStream, StreamSource } from './stream-source.ts'
import { growth, look, slopeOf, type Vitals } from './vitals.ts'

const seconds = { short: 20, whole: 600, long: 3_600 }
/** Seconds until it holds what it will hold for good. */
const warmUp = { short: 8, whole: 60, long: 120 }
const rows = { short: 2_000, whole: 20_000, long: 50_000 }
const streamed = { short: 10, whole: 100, long: 500 }
/** What is on its way is given so long to arrive. */
const PATIENCE_MS = 60_000
/** Seconds from one look to the next. */
const LOOK_S = 30

export const soak: Experiment = {
  name: 'soak',
  title:
    '`sluice start` for ten minutes (`--long`: an hour): files come, change, are bad and are ' +
    'mended; the database is killed, the process is paused, the console is asked.',
  promise:
    'every row is there once, and memory, descriptors, connections and temporary files end where ' +
    'they began',
  limit: { short: 3, whole: 14, long: 70 },
  run,
  naive,
}

async function run(trial: Trial): Promise<string[]> {
  const { size, folder, random } = trial
  const lake = join(folder, 'lake')
  const source = new Source(lake, 'rows', 4, rows[size])
  const stream = new StreamSource(lake, streamed[size], rows[size])
  park(stream)
  describeOdd(lake)
  const server = await CrashingServer.start(folder)
  const running = startSluice(lake, server.url)
  const disturb = new Disturbances(source, stream, running, server, random)
  const quiet = () =>
    settled(trial, async () => [
      ...(await judge(source, server.url)),
      // A window stays open until rows come that are later than it.
      ...(disturb.isOver ? await judgeStream(stream) : []).filter((one) => !/^windows/.test(one)),
    ])
  try {
    const vitals = await live(trial, running, server.url, disturb, quiet)
    disturb.finish()
    const findings = await quiet()
    findings.push(...(await judgeOdd(server.url, disturb.odd)))
    vitals.push(await vitalsOf(trial, running, server.url, vitals))
    tell(trial, vitals, disturb)
    running.child.kill('SIGINT')
    const code = await running.ended
    if (code !== 0) findings.push(`it ended with ${code}`)
    // It closes the windows.
    await startSluice(lake, server.url, '--once').ended
    findings.push(...(await judge(source, server.url)), ...(await judgeStream(stream)))
    return [...findings, ...growth(vitals)]
  } finally {
    running.child.kill('SIGKILL')
    await running.ended
    await server.remove()
  }
}

/** Disturbs it until time is over. @returns looks at it, the first one when it has warmed up */
async function live(
  trial: Trial,
  running: Running,
  url: string,
  disturb: Disturbances,
  quiet: () => Promise<string[]>,
): Promise<Vitals[]> {
  const { size, random, signal } = trial
  const begin = performance.now()
  const since = () => (performance.now() - begin) / 1000
  await quiet()
  const vitals: Vitals[] = []
  while (since() < seconds[size] && !signal.aborted && running.child.exitCode === null) {
    await disturb.next()
    await sleep(random() * 500)
    const isDue = vitals.length < (since() - warmUp[size]) / LOOK_S + 1
    if (since() < warmUp[size] || !isDue) continue
    await quiet()
    vitals.push(await vitalsOf(trial, running, url, vitals))
  }
  return vitals
}

async function vitalsOf(trial: Trial, { child }: Running, url: string, before: Vitals[]) {
  const found = await look(child.pid, url, join(trial.folder, 'lake/.tmp'))
  const at = Math.round(performance.now() / 1000)
  trial.say(`${before.length}: ${JSON.stringify(found)}`)
  return { at, ...found }
}

function tell(trial: Trial, vitals: Vitals[], { counts }: Disturbances): void {
  const [first, last] = [vitals[0], vitals.at(-1)]
  for (const what of ['memory', 'descriptors', 'connections', 'files'] as const) {
    const slope = `${slopeOf(vitals, what)} a minute`
    trial.note(what, `${first?.[what]} after the warm-up, ${last?.[what]} at the end, ${slope}`)
  }
  const done = Object.entries(counts).map(([name, count]) => `${count} ${name}`)
  trial.note('done', done.join(', '))
}

function describeOdd(lake: string): void {
  mkdirSync(join(lake, 'bronze/odd'))
  const schema = { fields: [{ name: 'id', type: 'integer' }] }
  const resources = [{ name: 'odd', path: '0.csv', schema, sluice: { files: '*.csv' } }]
  const descriptor = JSON.stringify({ name: 'odd', resources })
  writeFileSync(join(lake, 'bronze/odd/datapackage.json'), descriptor)
}

/** What was bad once is there as it was mended. */
async function judgeOdd(url: string, files: number): Promise<string[]> {
  if (files === 0) return []
  const client = new pg.Client(url)
  await client.connect()
  const sql = 'SELECT count(*)::int AS rows, count(DISTINCT id)::int AS ids FROM odd.odd'
  const {
    rows: [found],
  } = await client.query(sql)
  await client.end()
  const isSo = found.rows === files && found.ids === files
  return isSo ? [] : [`odd.odd: ${JSON.stringify(found)}, of ${files} files that were mended`]
}

/** What is still found when patience is over: what is on its way is none. */
async function settled(trial: Trial, find: () => Promise<string[]>): Promise<string[]> {
  for (const end = performance.now() + PATIENCE_MS; ; await sleep(250)) {
    const findings = await find().catch((error: Error) => [error.message])
    if (findings.length === 0 || performance.now() > end || trial.signal.aborted) return findings
  }
}

/** A watcher that gives nothing back; nobody kills its database, which it would not survive. */
async function naive(trial: Trial): Promise<string[]> {
  const lake = join(trial.folder, 'lake')
  const source = new Source(lake, 'rows', 4, 200)
  const { url, drop } = await trial.newDatabase()
  const running = startScript('faults/naive-watcher.ts', [lake], lake, url)
  await sleep(2_000)
  const vitals = [await vitalsOf(trial, running, url, [])]
  for (let n = 0; n < 16; n++) {
    source.rewrite(n % source.objects)
    await sleep(100)
  }
  vitals.push(await vitalsOf(trial, running, url, vitals))
  running.child.kill('SIGKILL')
  await running.ended
  const findings = [...growth(vitals), ...(await judge(source, url))]
  await drop()
  return findings
}
