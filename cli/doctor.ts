import type { Command } from 'commander'
import type { Finding } from '../core/finding.ts'
import { asCalled } from './called.ts'
import { checkLocal } from './doctor-local.ts'
import { checkStack } from './doctor-stack.ts'
import { type CommonOptions, commandOf } from './options.ts'
import { plain } from './shown.ts'
import { status } from './style.ts'

interface DoctorOptions extends CommonOptions {
  stack?: string
}

const help = `
It changes nothing, and starts no Postgres. Exit code: 0 all well (warnings, too); 1 a check could
not be made; 3 something is wrong.

Examples:
  sluice doctor
  sluice doctor --lake s3://my-lake --database postgres://…
  sluice doctor --stack sluice-dev --json`

export function doctorCommand(): Command {
  return commandOf('doctor', 'Check a set-up, and say the cure of whatever is wrong with it.')
    .option('--stack <name>', 'a deployed stack, instead of a lake: sluice-dev')
    .addHelpText('after', help)
    .action(doctor)
}

async function doctor({ stack, ...options }: DoctorOptions): Promise<void> {
  const all = stack === undefined ? await checkLocal(options) : await checkStack(stack)
  const found = sorted(all).map((one) => {
    return one.cure === undefined ? one : { ...one, cure: asCalled(one.cure, options) }
  })
  const told = options.json ? found.map((one) => JSON.stringify(one)) : listOf(found)
  process.stdout.write(`${told.join('\n')}\n`)
  process.exitCode = exitCodeOf(found)
}

const levels = ['wrong', 'unknown', 'warning', 'ok'] as const

/** The bad ones first; else as they were made. */
function sorted(found: Finding[]): Finding[] {
  return found.toSorted((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level))
}

/** A list and no table: a cure is a command that is copied whole. */
function listOf(found: Finding[]): string[] {
  const width = Math.max(...found.map(({ area, check }) => `${area}: ${check}`.length))
  const lines = found.flatMap(({ level, area, check, found, cure }) => [
    status(level) +
      plain(`${' '.repeat(7 - level.length)}  ${`${area}: ${check}`.padEnd(width)}  ${found}`),
    ...(cure === undefined ? [] : [plain(`         cure: ${cure}`)]),
  ])
  const counts = levels.map((level) => [found.filter((one) => one.level === level).length, level])
  const some = counts.filter(([count]) => count !== 0).map((pair) => pair.join(' '))
  const findings = found.length === 1 ? 'finding' : 'findings'
  return [...lines, `${found.length} ${findings}: ${some.join(', ')}.`]
}

function exitCodeOf(found: Finding[]): number {
  if (found.some(({ level }) => level === 'unknown')) return 1
  return found.some(({ level }) => level === 'wrong') ? 3 : 0
}
