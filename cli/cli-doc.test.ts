import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Argument, Command } from 'commander'
import { expect, it, test } from 'vitest'
import { acceptCommand } from './accept.ts'
import { compactCommand } from './compact.ts'
import { doctorCommand } from './doctor.ts'
import { ingestCommand } from './ingest.ts'
import { initCommand } from './init.ts'
import { planCommand } from './plan.ts'
import { publishCommand } from './publish.ts'
import { queryCommand } from './query.ts'
import { redriveCommand } from './redrive.ts'
import { rejectsCommand } from './rejects.ts'
import { replayCommand } from './replay.ts'
import { startCommand } from './start.ts'
import { statusCommand } from './status.ts'
import { vacuumCommand } from './vacuum.ts'

/** docs/cli.md against what the commands say of themselves. */
const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'docs/cli.md'), 'utf8')
const lines = page.split('\n')
const commands: Command[] = [
  ...[startCommand(), ingestCommand(), initCommand(), acceptCommand(), planCommand()],
  ...[statusCommand(), rejectsCommand(), replayCommand(), queryCommand(), publishCommand()],
  ...[compactCommand(), vacuumCommand(), doctorCommand(), redriveCommand()],
]
/** These have a table of their own on the page. */
const common = ['--lake', '--database', '--json']

test.each(commands)('the row of a command has all that it takes', (command) => {
  const row = lines.find((line) => new RegExp(`^\\| \`${command.name()}\\b`).test(line)) ?? ''
  expect(optionsOf(command).filter((name) => !row.includes(`\`${name}`))).toEqual([])
  expect(row).toContain(
    `\`${[command.name(), ...command.registeredArguments.map(shownAs)].join(' ')}\``,
  )
})

it('every command stands on the page', () => {
  const program = readFileSync(join(root, 'cli/sluice.ts'), 'utf8')
  expect(program.match(/\.addCommand\(/g)).toHaveLength(commands.length)
})

it('every option on the page is one', () => {
  const known = new Set([...common, ...commands.flatMap(optionsOf), '--help'])
  const ours = page.replaceAll(/aws [^\n`"]*/g, '')
  const named = ours.match(/(?<=[` ])--[a-z][a-z-]+/g)!
  expect(named.filter((name) => !known.has(name))).toEqual([])
})

function optionsOf(command: Command): string[] {
  return command.options.flatMap(({ long }) => (long && !common.includes(long) ? long : []))
}

function shownAs(one: Argument): string {
  const name = `${one.name()}${one.variadic ? '...' : ''}`
  return one.required ? `<${name}>` : `[${name}]`
}
