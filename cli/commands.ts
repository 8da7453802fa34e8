import { styleText } from 'node:util'
import { Command } from 'commander'
import { calledAs, type Given } from './called.ts'
import { completeCommand } from './complete.ts'
import { version } from './version.ts'

/** One command, as the list of all has it. */
interface Entry {
  /** Under which heading of `sluice --help` it stands. */
  group: string
  name: string
  /** Its line there; its own help says more. */
  summary: string
  /** Its file is loaded when it is wanted: no command waits for another's libraries. */
  load: () => Promise<Command>
}

const entry = (
  group: 'Load' | 'Look' | 'Mend' | 'Tidy' | 'Set up',
  name: string,
  summary: string,
  load: Entry['load'],
): Entry => ({ group: `${group}:`, name, summary, load })

/** Every command there is, in the order of the help; completion, docs and tests go by it. */
export const commands: Entry[] = [
  entry('Load', 'start', 'load what is in Bronze, then whatever comes', async () =>
    (await import('./start.ts')).startCommand(),
  ),
  entry('Load', 'ingest', 'load these files now, and end', async () =>
    (await import('./ingest.ts')).ingestCommand(),
  ),
  entry('Load', 'plan', 'tell what loading these files would do', async () =>
    (await import('./plan.ts')).planCommand(),
  ),
  entry('Load', 'init', 'propose a contract for a CSV file', async () =>
    (await import('./init.ts')).initCommand(),
  ),
  entry('Load', 'accept', 'make what is proposed for held files their contract', async () =>
    (await import('./accept.ts')).acceptCommand(),
  ),
  entry('Load', 'publish', 'put objects into a stream of Kinesis', async () =>
    (await import('./publish.ts')).publishCommand(),
  ),
  entry('Look', 'status', 'what became of every object, how far each stream is', async () =>
    (await import('./status.ts')).statusCommand(),
  ),
  entry('Look', 'rejects', 'every rejected record, where it stands, and why', async () =>
    (await import('./rejects.ts')).rejectsCommand(),
  ),
  entry('Look', 'query', 'ask the lake by SQL', async () =>
    (await import('./query.ts')).queryCommand(),
  ),
  entry('Look', 'console', 'serve a page that shows all of it', async () =>
    (await import('./console.ts')).consoleCommand(),
  ),
  entry('Mend', 'replay', 'bring mended rejects in, once', async () =>
    (await import('./replay.ts')).replayCommand(),
  ),
  entry('Mend', 'doctor', 'check a set-up, and say the cure of what is wrong', async () =>
    (await import('./doctor.ts')).doctorCommand(),
  ),
  entry('Mend', 'redrive', 'give back what a deployed stack could not do', async () =>
    (await import('./redrive.ts')).redriveCommand(),
  ),
  entry('Tidy', 'compact', 'merge the small files of streamed events', async () =>
    (await import('./compact.ts')).compactCommand(),
  ),
  entry('Tidy', 'vacuum', 'delete what nobody needs any more', async () =>
    (await import('./vacuum.ts')).vacuumCommand(),
  ),
  entry('Set up', 'completion', 'a script that completes commands in your shell', async () =>
    (await import('./completion.ts')).completionCommand(),
  ),
]

const help = `
Exit codes:
  0  all well
  1  something failed: the database, the network, AWS; run it again once that is mended
  2  it was called wrongly, or a file or setting cannot be
  3  ended well, but something was rejected, waits, was refused or held, or not looked at

Examples:
  sluice start                   # load what is in data/, watch it, and serve the console
  sluice status                  # what became of every object
  sluice rejects shop.orders     # why records of it are missing
  sluice replay --help           # what a command does, with its options

The lake is the folder data unless --lake names another. NO_COLOR=1 turns colours off.`

/**
 * The program, with all commands: those that are among the words of the command line as they are,
 * of the others name and summary alone, which is all that the program's own help wants of them.
 */
export async function programOf(words: string[]): Promise<Command> {
  const program = new Command('sluice')
    .description('CSV objects into Postgres and Silver Parquet, every record accounted for.')
    .version(version, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'what a command does, with its options')
    .addHelpText('after', help)
  for (const { name, group, summary, load } of commands) {
    const command = words.includes(name) ? await load() : new Command(name)
    program.addCommand(command.summary(summary).helpGroup(group))
  }
  program.addCommand(completeCommand(program), { hidden: true })
  for (const one of [program, ...program.commands]) behave(one)
  return program
}

/** `help rejects` as `rejects --help`: so a word that is no command is told as everywhere. */
export function spelled([first, ...rest]: string[]): string[] {
  if (first !== 'help') return first === undefined ? [] : [first, ...rest]
  const isKnown = commands.some(({ name }) => name === rest[0])
  return isKnown || rest[0] === undefined ? [...rest, '--help'] : rest
}

/** Where the command that was called was told to work. */
export function givenTo(program: Command): Given {
  return program.commands.find((one) => one.name() === program.args[0])?.opts() ?? {}
}

const bold = (text: string) => styleText('bold', text, { validateStream: false })

function behave(command: Command): void {
  const asked = [calledAs(), ...(command.parent ? [command.name()] : []), '--help'].join(' ')
  command
    .exitOverride()
    .configureOutput({ outputError: (told, write) => write(told.replace(/^error: /, 'sluice: ')) })
    .showHelpAfterError(`(\`${asked}\` shows how it is called)`)
    // Whether the terminal has colours is the parser's own look: it takes them off where not.
    .configureHelp({ styleTitle: bold, subcommandTerm: (one) => one.name() })
    .helpOption('-h, --help', 'print this')
}
