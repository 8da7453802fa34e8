import Table from 'cli-table3'
import { Command, Option } from 'commander'
import { type Moved, moveDeadLetters } from '../core/doctor/dead-letters.ts'
import { type DeployedStack, readStack } from '../core/doctor/deployed.ts'
import { isDenied, messageOf } from '../core/finding.ts'
import { openStore } from '../core/store/object-store.ts'
import { type RedrivenBatch, redriveBatches } from '../core/stream/failed-batches.ts'
import { openStream } from '../core/stream/kinesis.ts'
import { plain } from './shown.ts'
import { status as coloured, heading } from './style.ts'

interface RedriveOptions {
  stack: string
  stage?: string
  dryRun?: boolean
  json?: boolean
}

/** A stage whose turn was ended by a fault: what is not told was not done. */
interface Ended {
  stage: string
  status: 'failed'
  reason: string
}

/** A stage of objects, or a batch of the stream. */
type Redriven = ({ stage: string } & Moved) | ({ stage: 'append' } & RedrivenBatch) | Ended

const help = `
Mend first what they failed at (\`sluice doctor --stack <name>\` says what). What was done meanwhile
adds nothing, so this may be run again at any time. Exit code: 0 all given back; 1 something failed;
3 something was refused or left.

Examples:
  sluice redrive --stack sluice-dev --dry-run
  sluice redrive --stack sluice-dev --stage silver
  sluice redrive --stack sluice-dev --json`

export function redriveCommand(): Command {
  return new Command('redrive')
    .description(
      'Give back what a deployed stack could not do: dead letters to their queue, batches that\n' +
        'Lambda gave up to their stream.',
    )
    .requiredOption('--stack <name>', 'the stack, such as sluice-dev')
    .addOption(
      new Option('--stage <name>', 'only this one').choices([
        ...['raw-ingestion', 'silver', 'publish', 'append'],
      ]),
    )
    .option('--dry-run', 'tell what would be given back, and change nothing')
    .option('--json', 'lines of JSON on the standard output')
    .addHelpText('after', help)
    .action(run)
}

async function run({ stack, stage, json = false, dryRun = false }: RedriveOptions): Promise<void> {
  const found = await readStack(stack)
  const all: Redriven[] = []
  try {
    for await (const one of redriveAll(found, stage, dryRun)) {
      all.push(one)
      if (json) process.stdout.write(`${JSON.stringify(one)}\n`)
    }
  } finally {
    if (!json) process.stdout.write(`${told(all)}\n`)
  }
  process.exitCode = exitCodeOf(all)
}

async function* redriveAll(
  stack: DeployedStack,
  wanted: string | undefined,
  dryRun: boolean,
): AsyncIterable<Redriven> {
  for (const { name, deadLetters, queue } of stack.stages) {
    if (wanted !== undefined && wanted !== name) continue
    const moved = moveDeadLetters(deadLetters, queue, dryRun)
    yield { stage: name, ...(await moved.catch(ended)) }
  }
  if (wanted === undefined || wanted === 'append') yield* redriveStream(stack, dryRun)
}

async function* redriveStream(stack: DeployedStack, dryRun: boolean): AsyncIterable<Redriven> {
  const [failed, lake] = [openStore(stack.failedBatches), openStore(stack.lake)]
  const stream = openStream(stack.stream.name)
  try {
    for await (const batch of redriveBatches({ failed, lake, stream }, dryRun)) {
      yield { stage: 'append', ...batch }
    }
  } catch (fault) {
    yield { stage: 'append', ...ended(fault) }
  }
}

/** Whatever the fault is, it ends the turn of one stage, and no other's. */
function ended(fault: unknown): Omit<Ended, 'stage'> {
  const cure = isDenied(fault) ? '; docs/cli.md, redrive, has the policy' : ''
  return { status: 'failed', reason: `${messageOf(fault)}${cure}` }
}

/** 1 where a move failed, 3 where something stays, else 0. */
function exitCodeOf(all: Redriven[]): number {
  if (all.some(({ status }) => status === 'failed')) return 1
  const stays = all.some((one) => one.status === 'refused' || ('left' in one && one.left > 0))
  return stays ? 3 : 0
}

function told(all: Redriven[]): string {
  if (all.length === 0) return 'Nothing is to be given back.'
  const table = new Table({
    head: ['stage', 'status', 'messages', 'left', 'batch of the stream'].map(heading),
    colAligns: ['left', 'left', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  })
  for (const one of all) {
    const start = [one.stage, coloured(one.status)]
    if ('messages' in one) table.push([...start, one.messages, one.left, ''])
    else if (!('object' in one)) table.push([...start, '', '', ''])
    else table.push([...start, one.records, '', plain(one.object)])
  }
  const reasons = all.flatMap((one) => {
    if (!one.reason) return []
    return plain(`${'object' in one ? one.object : one.stage}: ${one.status}: ${one.reason}`)
  })
  return [table.toString(), ...reasons].join('\n')
}
