import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { endBelow } from './command.ts'
import type { Experiment, Size } from './experiment.ts'
import { experiments } from './experiments.ts'
import { holds, type Report, type Row, reportPage, verdictOf, withRow } from './report.ts'
import { Server } from './server.ts'
import { attempt } from './trial.ts'

const all = experiments.map(({ name }) => name)
const program = new Command('faults')
  .option('--only <names>', `of ${all.join(', ')}`)
  .option('--seed <n>', 'of everything that is random', Number)
  .option('--long', 'much more of each')
  .option('--short', 'as little as in npm test')
  .option('--keep', 'leave the lakes and the database where they are')
  .parse()
const options = program.opts<{
  only?: string
  seed?: number
  long?: boolean
  short?: boolean
  keep?: boolean
}>()
const names = options.only?.split(',') ?? all
const unknown = names.find((name) => !all.includes(name))
if (unknown) program.error(`no experiment ${unknown}; there are ${all.join(', ')}`)

const size: Size = options.long ? 'long' : options.short ? 'short' : 'whole'
const seed = options.seed ?? Math.floor(Math.random() * 1e9)
const folder = mkdtempSync(join(tmpdir(), 'sluice-faults-'))
const server = new Server(folder)
const file = join(import.meta.dirname, 'report.json')
const before: Report | undefined = existsSync(file)
  ? JSON.parse(readFileSync(file, 'utf8'))
  : undefined
const git = (...args: string[]) =>
  execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim()
const changed = git('status', '--porcelain', '--untracked-files=no') ? ', and changes to it' : ''
const commit = `${git('rev-parse', '--short', 'HEAD')}${changed}`
/** A whole run begins a new report; one of a few replaces only theirs. */
let rows = options.only ? (before?.rows ?? []) : []
let ended = 0

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    endBelow(tmpdir())
    await server.remove()
    process.exit(1)
  })
}

for (const experiment of experiments.filter(({ name }) => names.includes(name))) {
  const row = await rowOf(experiment)
  if (holds(row)) ended++
  rows = withRow(rows, row, all)
  write({ setting: settingOf(), rows })
  const found = row.findings.map((finding) => `\n  ${finding}`).join('')
  process.stdout.write(`${row.name}: ${verdictOf(row)}, ${Math.round(row.seconds)} s${found}\n`)
}
if (options.keep) {
  await server.stop()
  process.stderr.write(`kept ${folder}\n`)
} else {
  await server.remove()
  rmSync(folder, { recursive: true, force: true })
}
process.stdout.write(`${ended} of ${names.length} hold (seed ${seed})\n`)
// What was not ended within its limit may still be about.
process.exit(ended === names.length ? 0 : 1)

async function rowOf(experiment: Experiment): Promise<Row> {
  const { name, title, promise, needs } = experiment
  const told = { name, title, promise, seed, size, at: new Date().toISOString(), commit }
  if (needs === 'localstack' && !process.env.AWS_ENDPOINT_URL) {
    const missing = 'it needs LocalStack: set AWS_ENDPOINT_URL'
    return { ...told, seconds: 0, notes: {}, naive: [], findings: [], missing }
  }
  process.stderr.write(`${name} …\n`)
  const say = (text: string) => void process.stderr.write(`${text}\n`)
  const wanted = { seed, size, say, keep: options.keep, newDatabase: server.newDatabase }
  const naive = await attempt(experiment, 'naive', wanted)
  const run = await attempt(experiment, 'run', wanted)
  const faults = [
    ...(naive.fault ? [`the naive loader: ${naive.fault}`] : []),
    ...(run.fault ? [run.fault] : []),
  ]
  const findings = [...faults, ...run.findings]
  const seconds = naive.seconds + run.seconds
  return { ...told, seconds, notes: run.notes, naive: naive.findings, findings }
}

function settingOf(): Report['setting'] {
  const cpu = cpus()[0]?.model ?? 'unknown'
  return { cpu, cores: availableParallelism(), memory: totalmem(), node: process.version }
}

function write(report: Report): void {
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
  writeFileSync(join(import.meta.dirname, 'REPORT.md'), reportPage(report))
}
