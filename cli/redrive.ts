import Table from 'cli-table3'
import { Command, Option } from 'commander'
import { type Moved, moveDeadLetters } from '../core/dead-letters.ts'
import { type DeployedStack, readStack } from '../core/deployed.ts'
import { type RedrivenBatch, redriveBatches } from '../core/failed-batches.ts'
import { openStream } from '../core/kinesis.ts'
import { openStore } from '../core/object-store.ts'

interface RedriveOptions {
  stack: string
  stage?: string
  dryRun?: boolean
  json?: boolean
}

/** A stage of objects, or a batch of the stream. */
type Redriven = ({ stage: string } & Moved) | ({ stage: 'append' } & RedrivenBatch)

export function redriveCommand(): Command {
  return new Command('redrive')
    .description(
      'give back what a deployed stack could not do: dead letters, batches of the stream',
    )
    .requiredOption('--stack <name>', 'the stack, such as sluice-dev')
    .addOption(
      new Option('--stage <name>', 'only this one').choices([
        ...['raw-ingestion', 'silver', 'publish', 'append'],
      ]),
    )
    .option('--dry-run', 'tell what would be given back, and change nothing')
    .option('--json', 'one line of JSON for each on stdout')
    .addHelpText(
      'after',
      '\nMend first what they failed at (`sluice doctor --stack <name>`). What was done\n' +
        'meanwhile adds nothing, so this may be run again at any time.\n' +
        '\nExamples:\n  sluice redrive --stack sluice-dev --dry-run\n' +
        '  sluice redrive --stack sluice-dev --stage silver',
    )
    .action(run)
}

async function run({ stack, stage, json = false, dryRun = false }: RedriveOptions): Promise<void> {
  const all: Redriven[] = []
  for await (const one of redriveAll(await readStack(stack), stage, dryRun)) {
    all.push(one)
    if (json) process.stdout.write(`${JSON.stringify(one)}\n`)
  }
  if (!json) process.stdout.write(`${told(all)}\n`)
  process.exitCode = exitCodeOf(all)
}

async function* redriveAll(
  stack: DeployedStack,
  wanted: string | undefined,
  dryRun: boolean,
): AsyncIterable<Redriven> {
  for (const { name, deadLetters, queue } of stack.stages) {
    if (wanted !== undefined && wanted !== name) continue
    yield { stage: name, ...(await moveDeadLetters(deadLetters, queue, dryRun)) }
  }
  if (wanted !== undefined && wanted !== 'append') return
  const [failed, lake] = [openStore(stack.failedBatches), openStore(stack.lake)]
  const stream = openStream(stack.stream.name)
  for await (const batch of redriveBatches({ failed, lake, stream }, dryRun)) {
    yield { stage: 'append', ...batch }
  }
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
    head: ['stage', 'status', 'messages', 'left', 'batch of the stream'],
    colAligns: ['left', 'left', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  })
  for (const one of all) {
    if ('messages' in one) table.push([one.stage, one.status, one.messages, one.left, ''])
    else table.push([one.stage, one.status, one.records, '', one.object])
  }
  const reasons = all.flatMap((one) => {
    if (!one.reason) return []
    return `${'object' in one ? one.object : one.stage}: ${one.status}: ${one.reason}`
  })
  return [table.toString(), ...reasons].join('\n')
}
