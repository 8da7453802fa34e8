import type { Command } from 'commander'
import { stuckObjects } from '../core/database/ledger.ts'
import { Refused } from '../core/errors.ts'
import { parseProposal, proposalKey } from '../core/infer/proposal.ts'
import { type Accepted, acceptProposal } from '../core/infer/proposal-accept.ts'
import type { Lake } from '../core/lake.ts'
import { type Context, openContext } from './context.ts'
import { loadKeys } from './ingest.ts'
import { packagesIn } from './named.ts'
import { type CommonOptions, commandOf, mustBeThere } from './options.ts'

const help = `
datapackage.proposed.yaml becomes the descriptor, or is added to the one that stands there; then its
files are loaded. What it would accept and reject of a held file, \`sluice plan\` tells before.

Examples:
  sluice accept shop
  sluice accept eu/shop --lake s3://my-lake --json`

export function acceptCommand(): Command {
  return commandOf('accept', 'Let the held files of a package through, as was proposed for them.')
    .argument('<package>', "the package's folder: shop, bronze/shop or data/bronze/shop")
    .addHelpText('after', help)
    .action(accept)
}

async function accept(folder: string, options: CommonOptions): Promise<void> {
  mustBeThere(options.lake)
  const context = await openContext(options)
  try {
    const prefix = prefixOf(folder)
    await mustBeProposed(context, prefix)
    const accepted = await acceptProposal(context.lake.store, prefix)
    const { file, resources } = accepted
    const told = options.json
      ? JSON.stringify({ accepted: file, resources })
      : `${file}: accepted ${resources.join(', ')}`
    process.stdout.write(`${told}\n`)
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

/** @throws Refused that names what could be accepted instead */
async function mustBeProposed({ lake, folder }: Context, prefix: string): Promise<void> {
  const key = proposalKey(prefix)
  if (await lake.store.head(key)) return
  const all = folder === undefined ? [] : packagesIn(folder, true)
  const isFull = await Promise.all(all.map((name) => proposesAny(lake, name)))
  const others = all.filter((_, i) => isFull[i])
  const cure =
    others.length > 0
      ? `there is one for ${others.join(', ')}`
      : 'one is made for each file without a contract that `sluice start` or `sluice ingest` holds'
  throw new Refused(`${key}: there is no proposal to accept; ${cure}`)
}

/** Whether a proposal is more than why there is none. */
async function proposesAny({ store }: Lake, name: string): Promise<boolean> {
  const found = await store.get(proposalKey(`bronze/${name}`))
  return found !== undefined && parseProposal(found.body.toString())?.resources.length !== 0
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
