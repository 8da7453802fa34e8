import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { commandsOf } from '../docs/commands.fixture.ts'
import manifest from '../package.json' with { type: 'json' }
import { commands, programOf, spelled } from './commands.ts'

/** What every command says of itself, and what the program makes of a wrong word. */

const program = await programOf(commands.map(({ name }) => name))
const all = program.commands.filter((one) => one.name() !== 'complete')

/** Runs a command line without its action. @returns what is printed, or the action's command */
async function run(words: string[]): Promise<{ out: string; err: string; ran?: string }> {
  const told = { out: '', err: '' }
  const parser = await programOf(words)
  const ran: string[] = []
  for (const one of [parser, ...parser.commands]) {
    if (one !== parser) one.action(() => void ran.push(one.name()))
    one.configureOutput({
      writeOut: (text) => {
        told.out += text
      },
      writeErr: (text) => {
        told.err += text
      },
    })
  }
  await parser.parseAsync(words, { from: 'user' }).catch((error: { code?: string }) => {
    if (!error.code?.startsWith('commander.')) throw error
  })
  return { ...told, ...(ran[0] !== undefined && { ran: ran[0] }) }
}

function helpOf(command: Command): string {
  const help: string[] = []
  command.configureOutput({ writeOut: (text) => help.push(text) })
  command.outputHelp()
  return help.join('')
}

test.each(all)('$_name says what it does, what each option is, and how it is used', (command) => {
  expect(command.description()).toMatch(/^[A-Z].*\.$/s)
  const parts = [...command.options, ...command.registeredArguments]
  expect(parts.filter(({ description }) => !description)).toEqual([])
  expect(examplesOf(helpOf(command)).length).toBeGreaterThanOrEqual(2)
})

const examples = [program, ...all].flatMap((command) =>
  examplesOf(helpOf(command)).map((line) => ({ name: command.name(), line })),
)

test.each(examples)('the example is understood: $line', async ({ name, line }) => {
  const words = wordsOf(line)
  const { err, ran } = await run(words)
  expect([err, ran]).toEqual(['', words.includes('--help') ? undefined : words[0]])
  // A file that is mended comes from another command; all else is of its own.
  const isOwn = name === 'sluice' || words[0] === name
  expect(isOwn || `${name} ${words[0]}` === 'replay rejects').toBe(true)
})

test('the help of the program has every command, the exit codes, and examples', async () => {
  const { out } = await run(['--help'])
  for (const { name, summary } of commands)
    expect(out).toMatch(RegExp(`^  ${name} +${summary}$`, 'm'))
  for (const code of [0, 1, 2, 3]) expect(out).toMatch(RegExp(`^  ${code}  \\S`, 'm'))
  expect(examplesOf(out).length).toBeGreaterThanOrEqual(2)
  expect(out).not.toContain('complete ')
})

test('a command is the one that its own file makes, under its own name', async () => {
  for (const { name, load } of commands) expect((await load()).name()).toBe(name)
})

test('--json is understood by every command but the one that prints a script', () => {
  const without = all.filter(({ options }) => options.every(({ long }) => long !== '--json'))
  expect(without.map((one) => one.name())).toEqual(['completion'])
})

test.each([
  [['stauts'], "unknown command 'stauts'\n(Did you mean status?)\n(`sluice --help`"],
  [['status', '--lak', 'x'], "'--lak'\n(Did you mean --lake?)\n(`sluice status --help`"],
  [['ingest'], "missing required argument 'file'\n(`sluice ingest --help`"],
  [['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish.'],
  [['redrive', '--stack', 'x', '--stage', 'gold'], 'Allowed choices are raw-ingestion, silver,'],
])('%j is told with what is near, and where to look', async (words, told) => {
  const { err, ran } = await run(words)
  expect(err).toContain(told)
  expect(err).toMatch(/^sluice: /)
  expect(ran).toBeUndefined()
})

test.each([
  [
    ['help', 'rejects'],
    ['rejects', '--help'],
  ],
  [['help'], ['--help']],
  [['help', 'rejcts'], ['rejcts']],
  [
    ['rejects', 'help'],
    ['rejects', 'help'],
  ],
  [[], []],
])('%j is %j', (typed, words) => {
  expect(spelled(typed)).toEqual(words)
})

test('--version is that of the package', async () => {
  expect((await run(['--version'])).out).toBe(`${manifest.version}\n`)
})

/** The lines below `Examples:`. */
function examplesOf(help: string): string[] {
  const [, below = ''] = /\nExamples:\n((?: {2}.+\n)+)/.exec(help) ?? []
  return below
    .trim()
    .split('\n')
    .map((line) => line.trim())
}

/** As a shell gives them to the program, without what it does itself. */
function wordsOf(line: string): string[] {
  return (
    commandsOf(line.replace('<(', '('))
      .find(([first]) => first === 'sluice')
      ?.slice(1) ?? []
  )
}
