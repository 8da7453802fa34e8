import { type Command, InvalidArgumentError } from 'commander'
import { openLake } from '../core/lake.ts'
import { type Vacuumed, vacuum } from '../functions/maintenance/vacuum.ts'
import { type CommonOptions, lakeCommandOf, mustBeThere } from './options.ts'

interface VacuumOptions extends CommonOptions {
  dryRun?: boolean
  grace: number
}

const help = `
Fences are the empty files that stand where replaced ones were; orphans are files that no commit
names, of writers that died. Nothing that holds a committed row is ever deleted.

Examples:
  sluice vacuum --dry-run
  sluice vacuum --grace 48
  sluice vacuum --lake s3://my-lake --json`

export function vacuumCommand(): Command {
  return lakeCommandOf(
    'vacuum',
    'Delete what nobody needs any more: fences, files of no commit, checkpoints of gone streams.',
  )
    .option('--dry-run', 'tell what would be deleted, and delete nothing')
    .option('--grace <hours>', 'leave what was changed within so many hours', hours, 24)
    .addHelpText('after', help)
    .action(run)
}

function hours(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text)
  throw new InvalidArgumentError('a number of hours is expected, such as 24')
}

async function run({ lake, json, dryRun = false, grace }: VacuumOptions): Promise<void> {
  mustBeThere(lake)
  const gone = await vacuum(openLake(lake), { graceMs: grace * 3_600_000, dryRun })
  process.stdout.write(`${json ? JSON.stringify({ dryRun, ...gone }) : told(gone, dryRun)}\n`)
}

function told({ fences, orphans, checkpoints, unknown }: Vacuumed, dryRun: boolean): string {
  const gone = [fences, orphans, checkpoints].map((keys) => keys.length.toLocaleString('en'))
  const [fence, orphan, checkpoint] = gone
  const what = `${fence} fences, ${orphan} orphans, ${checkpoint} checkpoints`
  return [
    ...(dryRun ? [...fences, ...orphans, ...checkpoints] : []),
    `${dryRun ? 'Would delete' : 'Deleted'} ${what}.`,
    ...(unknown > 0 ? [`${unknown} files have no commit record: they were left.`] : []),
  ].join('\n')
}
