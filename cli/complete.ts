import { existsSync } from 'node:fs'
import { type Argument, Command, type Option } from 'commander'

/** What may stand there: a word with what it means, or what the shell itself lists. */
type Candidate = { word: string; meaning: string } | ':files' | ':folders'

/**
 * What the scripts of completion.ts ask: `sluice complete -- rejects sh`.
 *
 * @param program with the command that is among the words, as programOf makes it
 */
export function completeCommand(program: Command): Command {
  return new Command('complete')
    .description('what may stand in the place of the last word, for the scripts of completion')
    .argument('[words...]', 'of the command line, the last one as far as it is typed')
    .action(async (words: string[]) => {
      const found = await complete(program, words)
      process.stdout.write(found.map((one) => `${lineOf(one)}\n`).join(''))
    })
}

function lineOf(candidate: Candidate): string {
  return typeof candidate === 'string' ? candidate : `${candidate.word}\t${candidate.meaning}`
}

/** All that may stand there, whatever of it is typed: the shell chooses. */
async function complete(program: Command, words: string[]): Promise<Candidate[]> {
  const line = read(program, words)
  if (line.optionOf) return valuesOf(line.optionOf, line)
  if (line.current.startsWith('-')) return optionsOf(line)
  if (line.command === program) return commandsOf(program)
  const { registeredArguments: all } = line.command
  const next = all[line.given] ?? (all.at(-1)?.variadic ? all.at(-1) : undefined)
  return next ? valuesOf(next, line) : []
}

interface Line {
  command: Command
  /** How far the last word is typed. */
  current: string
  /** Arguments before it. */
  given: number
  /** Options before it, by their long names. */
  options: Set<string>
  /** The option whose value it is to be. */
  optionOf: Option | undefined
  lake: string
}

/** Bash makes words of `--lake`, `=` and `data`: the mark says no more than a space would. */
function read(program: Command, words: string[]): Line {
  const [current = '', ...before] = words.filter((word) => word !== '=').toReversed()
  if (words.at(-1) === '=') return read(program, [...words, ''])
  const start: Line = {
    ...{ command: program, current, given: 0, options: new Set() },
    ...{ optionOf: undefined, lake: 'data' },
  }
  return before.toReversed().reduce((line, word) => step(program, line, word), start)
}

function step(program: Command, line: Line, word: string): Line {
  const { command, optionOf, options } = line
  if (optionOf) {
    return { ...line, optionOf: undefined, ...(optionOf.long === '--lake' && { lake: word }) }
  }
  if (word.startsWith('-') && word !== '-') {
    const [name, value] = word.split('=')
    const option = command.options.find((one) => one.long === name || one.short === name)
    if (!option) return line
    const wants = value === undefined && (option.required || option.optional)
    const lake = option.long === '--lake' && value !== undefined ? { lake: value } : {}
    const said = new Set([...options, option.long ?? ''])
    return { ...line, ...lake, options: said, optionOf: wants ? option : undefined }
  }
  if (command !== program) return { ...line, given: line.given + 1 }
  const named = program.commands.find((one) => one.name() === word)
  return named ? { ...line, command: named } : line
}

function commandsOf(program: Command): Candidate[] {
  const shown = program.createHelp().visibleCommands(program)
  return shown.map((one) => ({ word: one.name(), meaning: one.summary() || one.description() }))
}

function optionsOf({ command, options }: Line): Candidate[] {
  const shown = command.createHelp().visibleOptions(command)
  return shown
    .filter(({ long }) => long && !options.has(long))
    .map(({ long, description }) => ({ word: long!, meaning: description.split('\n')[0] ?? '' }))
}

/** By its choices, or else by the name of its place: `<dataset>`, `<file>`. */
async function valuesOf(wanted: Argument | Option, line: Line): Promise<Candidate[]> {
  if (wanted.argChoices) return wanted.argChoices.map((word) => ({ word, meaning: '' }))
  const place = 'flags' in wanted ? wanted.flags.replace(/^.*[<[]|[>\]].*$/g, '') : wanted.name()
  switch (place.replace(/\.+$/, '')) {
    case 'file':
      return [':files']
    case 'place':
      return [':folders']
    case 'dataset':
      return namesIn(line.lake, async ({ datasetsIn }, lake) => datasetsIn(lake))
    case 'package':
      return namesIn(line.lake, async ({ packagesIn }, lake) => packagesIn(lake, true))
    case 'folder':
      return namesIn(line.lake, async ({ packagesIn }, lake) => packagesIn(lake, false))
    case 'command':
      return commandsOf(line.command.parent ?? line.command)
    default:
      return []
  }
}

/** Of a folder alone: a bucket would be asked over the network at each key. */
async function namesIn(
  lake: string,
  names: (named: typeof import('./named.ts'), lake: string) => Promise<string[]>,
): Promise<Candidate[]> {
  if (lake.includes('://') || !existsSync(lake)) return []
  const found = await names(await import('./named.ts'), lake)
  return found.map((word) => ({ word, meaning: '' }))
}
