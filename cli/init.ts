import { mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { Command } from 'commander'
import { openDuck } from '../core/duck/duckdb.ts'
import { Refused } from '../core/errors.ts'
import { infer } from '../core/infer/infer.ts'
import { descriptorOf, formatProposal, nameFor, type Proposal } from '../core/infer/proposal.ts'
import { joined, type Newcomer } from '../core/infer/proposal-join.ts'
import { textSize } from '../core/text/plain-text.ts'
import { usage } from './options.ts'

interface InitOptions {
  name?: string
  json?: boolean
}

const help = `
All rows are read: nothing is guessed from the first ones. Without --json the descriptor is YAML,
with what else was found in its comments. Exit code 3: any contract would reject some records.

Examples:
  sluice init orders.csv > datapackage.yaml
  sluice init orders.csv.gz --name shop --json`

export function initCommand(): Command {
  return new Command('init')
    .description('Print the contract that all rows of a CSV file fit, to begin with.')
    .argument('<file>', 'a CSV file, anywhere; .gz too')
    .option('--name <name>', "the package's name; else that of the file's folder")
    .option('--json', 'the descriptor as JSON, without comments')
    .addHelpText('after', help)
    .action(init)
}

async function init(file: string, options: InitOptions): Promise<void> {
  const there = statSync(file, { throwIfNoEntry: false })
  if (!there?.isFile()) {
    const what = there ? `${file} is no file` : `there is no file ${file}`
    throw usage(`${what}: give the path of a CSV file`)
  }
  const path = realpathSync(file)
  const name = nameFor(options.name ?? basename(dirname(path)))
  const found = await newcomer(path)
  // One file alone shares its types with none, so that nothing is to be proven.
  const proposal = await joined(
    { name, resources: [], remarks: [], without: [] },
    [],
    found,
    async () => true,
  )
  // Of nothing there is no descriptor: `init a.csv > datapackage.yaml` would leave a broken one.
  if ('found' in found) process.stdout.write(told(proposal, options))
  if ('found' in found && found.found.rejected === 0) return
  process.stderr.write(`sluice: ${shortfall(found)}\n`)
  process.exitCode = 3
}

async function newcomer(path: string): Promise<Newcomer> {
  const key = basename(path)
  const folder = mkdtempSync(join(tmpdir(), 'sluice-init-'))
  const duck = await openDuck(textSize({ key, size: statSync(path).size }))
  try {
    return { path: key, found: await infer({ duck, path, key, folder }) }
  } catch (error) {
    if (error instanceof Refused) return { path: key, why: error.message }
    throw error
  } finally {
    duck.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function told(proposal: Proposal, { json }: InitOptions): string {
  if (json) return `${JSON.stringify(descriptorOf(proposal), null, 2)}\n`
  return formatProposal(proposal, 'save it beside the file, as datapackage.yaml')
}

function shortfall(file: Newcomer): string {
  if ('why' in file) return `${file.path}: no contract fits: ${file.why}`
  const { records, rejected } = file.found
  return (
    `${file.path}: ${rejected} of ${records} records are of another width, broken or blank: ` +
    'they would be rejected by any contract'
  )
}
