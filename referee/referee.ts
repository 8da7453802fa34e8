import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { Command } from 'commander'
import { NoReferee, pythonOfReferee, REFEREE } from './environment.ts'
import { generate, store } from './generate.ts'
import { jsonOf, summaryOf } from './report.ts'
import { compare } from './run.ts'

/** `npm run referee`: Sluice's verdict on every row beside that of frictionless-py. */

const ours = join(dirname(import.meta.dirname), 'core', 'corpus', 'packages')

interface Options {
  packages?: string[]
  count: number
  seed: number
  keep?: string
  json?: boolean
}

const program = new Command('referee')
  .description(`compares Sluice's verdict on every row with the referee's, ${REFEREE}`)
  .option(
    '--packages <folder...>',
    'Data Packages, or folders of them (default: core/corpus/packages)',
  )
  .option('--count <n>', 'packages that are generated besides', Number, 300)
  .option('--seed <n>', 'of the generated packages', Number, 1)
  .option('--keep <folder>', 'leave all packages there, below bronze/')
  .option('--json', 'the result as JSON')
  .addHelpText(
    'after',
    '\nExit codes: 0 no disagreement but known ones; 1 some; 2 the referee cannot be had.\n' +
      '\nExamples:\n  npm run referee -- --seed 7 --count 100\n' +
      '  npm run referee -- --packages ../my-packages --count 0\n' +
      '  npm run referee -- --keep /tmp/lake      (look at what was generated)',
  )
  .parse()

const options = program.opts<Options>()
for (const name of ['count', 'seed'] as const) {
  if (!Number.isSafeInteger(options[name]) || options[name] < 0) {
    program.error(`--${name}: a whole number is wanted`, { exitCode: 2 })
  }
}
try {
  process.exitCode = await run(options)
} catch (error) {
  if (!(error instanceof NoReferee)) throw error
  process.stderr.write(`referee: ${error.message}\n`)
  process.exitCode = 2
}

async function run({ packages, count, seed, keep, json }: Options): Promise<number> {
  const python = pythonOfReferee()
  const lake = keep ?? mkdtempSync(join(tmpdir(), 'sluice-referee-'))
  try {
    const bronze = join(lake, 'bronze')
    mkdirSync(bronze, { recursive: true })
    const real = (packages ?? [ours]).flatMap(packagesIn).map((from) => copy(from, bronze))
    const generated = Array.from({ length: count }, (_, n) => {
      const folder = join(bronze, `gen-${seed}-${n}`)
      store(generate(seed, n), folder)
      return folder
    })
    const result = await compare(python, lake, [...real, ...generated])
    process.stdout.write(json ? `${jsonOf(result)}\n` : summaryOf(result))
    return result.unexplained.length > 0 ? 1 : 0
  } finally {
    if (!keep) rmSync(lake, { recursive: true, force: true })
  }
}

/** The folder itself, where it is a package, else those in it. */
function packagesIn(folder: string): string[] {
  if (isPackage(folder)) return [folder]
  const below = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
  const found = below.filter(isPackage)
  if (found.length === 0) program.error(`${folder}: no Data Package in it`, { exitCode: 2 })
  return found
}

function isPackage(folder: string): boolean {
  return ['json', 'yaml', 'yml'].some((end) => existsSync(join(folder, `datapackage.${end}`)))
}

/** Two packages may have one name in different folders. */
function copy(from: string, bronze: string): string {
  const name = basename(resolve(from))
  let to = join(bronze, name)
  for (let n = 2; existsSync(to); n++) to = join(bronze, `${name}-${n}`)
  cpSync(from, to, { recursive: true })
  return to
}
