import { globSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execute } from '../local/one-statement.ts'
import { type Running, startScript } from './command.ts'
import type { Experiment, Trial } from './experiment.ts'
import { judge, judgeLedger } from './judge.ts'
import { Source } from './source.ts'
import { judgeStream, StreamSource } from './stream-source.ts'

/** How a machine is set. */
interface Setting {
  what: string
  /** How far its clock is off, or what it says when it begins. */
  clock: number | string
  zone: string
}

const HOUR = 3_600_000
const asItIs: Setting = { what: 'as it is', clock: 0, zone: 'UTC' }
const settings: Setting[] = [
  { what: 'an hour ahead', clock: HOUR, zone: 'UTC' },
  { what: 'an hour behind', clock: -HOUR, zone: 'UTC' },
  { what: 'the night of summer time', clock: '2026-03-29T00:59:57Z', zone: 'Europe/Berlin' },
  { what: 'the night of winter time', clock: '2026-10-25T00:59:57Z', zone: 'Europe/Berlin' },
  { what: 'west', clock: 0, zone: 'America/Sao_Paulo' },
  { what: 'far east', clock: 0, zone: 'Pacific/Kiritimati' },
  { what: 'a quarter of an hour off', clock: 0, zone: 'Asia/Kathmandu' },
  { what: 'the last second of a year', clock: '2028-12-31T14:59:58Z', zone: 'Asia/Tokyo' },
]
const few = ['an hour ahead', 'the night of summer time', 'west']
const rows = { short: 2_000, whole: 30_000, long: 100_000 }
const rounds = { short: 1, whole: 5, long: 40 }

export const clock: Experiment = {
  name: 'clock',
  title:
    'Clocks an hour off, other time zones (of the database, too), the nights in which clocks ' +
    'change; and writers whose clocks differ on one lake at once, some of them killed.',
  promise: 'the same rows, and the same names of files; of writers at once, every row once',
  limit: { short: 4, whole: 12, long: 90 },
  run: async (trial) => [...(await setOtherwise(trial)), ...(await together(trial))],
  async naive(trial) {
    const source = new Source(join(trial.folder, 'naive'), 'lines', 2, 2_000)
    const names: string[][] = []
    for (const setting of [asItIs, ...settings.slice(0, 1)]) {
      const { url, drop } = await trial.newDatabase()
      source.forget()
      await start('faults/naive-loader.ts', [source.lake], source.lake, url, setting).ended
      names.push(namesIn(source.lake))
      await drop()
    }
    return compared(names[1] ?? [], names[0] ?? [])
  },
}

/** The same load under each setting. */
async function setOtherwise(trial: Trial): Promise<string[]> {
  const lake = join(trial.folder, 'alone')
  const sources = (['lines', 'rows'] as const).map(
    (dataset) => new Source(lake, dataset, 2, rows[trial.size]),
  )
  const stream = new StreamSource(lake, 2, 1_000)
  const load = async (setting: Setting) => {
    trial.signal.throwIfAborted()
    for (const source of sources) source.forget()
    const { url, drop } = await trial.newDatabase()
    const name = new URL(url).pathname.slice(1)
    await execute(url, `ALTER DATABASE ${name} SET timezone = '${setting.zone}'`)
    const code = await once(lake, url, setting).ended
    const findings = code === 3 ? [] : [`it ended with ${code}`]
    for (const source of sources) findings.push(...(await judge(source, url)))
    findings.push(...(await judgeLedger({ objects: 4 }, url)), ...(await judgeStream(stream)))
    await drop()
    return findings.map((finding) => `${setting.what} (${setting.zone}): ${finding}`)
  }
  const findings = await load(asItIs)
  const names = namesIn(lake)
  const tried = settings.filter(({ what }) => trial.size !== 'short' || few.includes(what))
  for (const setting of tried) {
    trial.say(setting.what)
    findings.push(...(await load(setting)))
    findings.push(...compared(namesIn(lake), names).map((one) => `${setting.what}: ${one}`))
  }
  trial.note('settings', tried.map(({ what, zone }) => `${what} (${zone})`).join(', '))
  return findings
}

/**
 * A writer whose clock is behind makes intents that are over for all others at once; they meet it
 * while it writes. For one that is ahead, and dies, they wait an hour.
 */
async function together(trial: Trial): Promise<string[]> {
  const { random, size, folder, signal } = trial
  const source = new Source(join(folder, 'together'), 'rows', 4, rows[size])
  const { lake } = source
  const { url, drop } = await trial.newDatabase()
  const differing = [asItIs, ...settings.slice(0, 2)]
  let killed = 0
  for (let round = 0; round < rounds[size]; round++) {
    signal.throwIfAborted()
    const runs = [...differing, ...differing].map((setting) => once(lake, url, setting))
    const victim = runs[Math.floor(random() * runs.length)]
    for (let change = 0; change < 4; change++) {
      await sleep(500 * random())
      source.rewrite(Math.floor(random() * source.objects))
    }
    if (victim?.child.exitCode === null) killed++
    victim?.child.kill('SIGKILL')
    await Promise.all(runs.map(({ ended }) => ended))
  }
  trial.note('killed beside others', killed)
  // For its clock nobody's intent lives any more.
  const later = { ...asItIs, clock: HOUR + 60_000 }
  const code = await once(lake, url, later).ended
  const findings = code === 3 ? [] : [`the last run ended with ${code}`]
  findings.push(...(await judge(source, url)), ...(await judgeLedger(source, url)))
  await drop()
  return findings.map((finding) => `clocks that differ: ${finding}`)
}

function once(lake: string, url: string, setting: Setting): Running {
  return start('cli/sluice.ts', ['start', '--lake', lake, '--json', '--once'], lake, url, setting)
}

function start(script: string, args: string[], lake: string, url: string, set: Setting): Running {
  const { clock, zone } = set
  const by = typeof clock === 'number' ? clock : Date.parse(clock) - Date.now()
  const NODE_OPTIONS = `--import ${join(import.meta.dirname, 'shifted-clock.mjs')}`
  const env = { TZ: zone, NODE_OPTIONS, SLUICE_CLOCK_MS: String(by) }
  return startScript(script, args, lake, url, env)
}

/** Of all Parquet files but the stream's, whose names say where in the stream they are from. */
function namesIn(lake: string): string[] {
  const roots = ['silver', 'quarantine/kill/rows', 'quarantine/kill/lines']
  return roots.flatMap((root) => globSync(join(root, '**/*.parquet'), { cwd: lake })).toSorted()
}

function compared(found: string[], wanted: string[]): string[] {
  const other = found.filter((name) => !wanted.includes(name))
  const missing = wanted.filter((name) => !found.includes(name))
  if (wanted.length === 0) return ['there are no files at all']
  if (other.length === 0 && missing.length === 0) return []
  return [`${other.length} names are new (${other[0]}), ${missing.length} missing (${missing[0]})`]
}
