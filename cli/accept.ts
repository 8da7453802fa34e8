import type { Command } from 'commander'
import { stuckObjects } from '../core/ledger.ts'
import { type Accepted, acceptProposal } from '../core/proposal-accept.ts'
import { type Context, openContext } from './context.ts'
import { loadKeys } from './ingest.ts'
import { type CommonOptions, commandOf } from './options.ts'

export function acceptCommand(): Command {
  return commandOf('accept', 'let the held files of a package through, as was proposed for them')
    .argument('<package>', "the package's folder: shop, bronze/shop or data/bronze/shop")
    .addHelpText(
      'after',
      '\ndatapackage.proposed.yaml becomes the descriptor, or is added to the one that stands\n' +
        'there; then its files are loaded.\n\nExamples:\n  sluice accept shop',
    )
    .action(accept)
}

async function accept(folder: string, options: CommonOptions): Promise<void> {
  const context = await openContext(options)
  try {
    const prefix = prefixOf(folder)
    const accepted = await acceptProposal(context.lake.store, prefix)
    const told = `${accepted.file}: accepted ${accepted.resources.join(', ')}\n`
    if (!options.json) process.stdout.write(told)
    await loadKeys(context, await toLoad(context, prefix, accepted), options)
  } finally {
    await context.close()
  }
}

/** Its folder's key, from any of the names that a person has for it. */
function prefixOf(folder: string): string {
  const below = folder.replace(/\/+$/, '').replace(/^(.*?\/)?bronze\//, '')
  return `bronze/${below}`
}

/** The files that were proposed for, and whatever else the descriptor may let through. */
async function toLoad(
  { lake, database }: Context,
  folder: string,
  { keys }: Accepted,
): Promise<string[]> {
  const stuck = await stuckObjects(database, lake.store.url, `${folder}/`)
  const there: string[] = []
  for (const key of new Set([...keys, ...stuck])) if (await lake.store.head(key)) there.push(key)
  return there
}
