import { posix } from 'node:path'
import {
  type Governing,
  govern,
  packageOf,
  readPackage,
  resourcesOf,
} from '../core/contract/catalog.ts'
import { isStreamOnly } from '../core/contract/contract.ts'
import { filesOf } from '../core/contract/descriptor.ts'
import { isSafeKey, type ObjectStore, type ObjectVersion } from '../core/store/object-store.ts'
import { governStream } from '../core/stream/stream-catalog.ts'
import { decide } from '../core/take.ts'
import { type DropPlace, dropKey } from './drop-key.ts'
import { type ConsolePlace, uploadLimitOf } from './place.ts'
import type { DropGoal } from './shapes.ts'

/** Of a package with very many resources, so many are offered. */
const OFFERED = 8

/**
 * What would become of a file that is dropped so, before any byte of it is sent: by its key alone,
 * as nobody has looked into it.
 *
 * @throws Refused for what no stage would take from there, with what to do; UnsafeKey
 */
export async function dropGoal(place: ConsolePlace, asked: DropPlace): Promise<DropGoal> {
  const { store } = place.lake
  const key = await dropKey(store, asked)
  const [version, fate] = await Promise.all([store.head(key), fateOf(store, key)])
  const { etag, size, modified } = version ?? {}
  return {
    key,
    ...fate,
    there: etag !== undefined ? { size: size!, modified: modified!.toISOString() } : null,
    offers: fate.becomes === 'held' ? await offersFor(store, asked) : [],
    limit: uploadLimitOf(place),
  }
}

type Fate = Pick<DropGoal, 'becomes' | 'dataset' | 'stages' | 'load' | 'why'>

async function fateOf(store: ObjectStore, key: string): Promise<Fate> {
  const governing = await (isStreamOnly(key) ? governStream(store, key) : govern(store, key))
  if (governing.dataset === undefined && /\.(json|ya?ml)$/i.test(key)) return partFate(store, key)
  const { dataset = null, contract } = governing
  const decision = decide(unseen(key), governing, undefined, '', true)
  if (decision.what !== 'load' || !contract) {
    const becomes = decision.what === 'held' ? 'held' : 'refused'
    const why = 'reason' in decision ? decision.reason : null
    return { becomes, dataset, stages: [], load: null, why }
  }
  const stages = stagesOf(key, contract)
  return { becomes: 'loaded', dataset, stages, load: contract.load, why: null }
}

/** What is part of a contract, or would be one if a descriptor referred to it. */
async function partFate(store: ObjectStore, key: string): Promise<Fate> {
  const folder = await packageOf(store, key)
  const why =
    folder === undefined
      ? 'no descriptor refers to it, so that it decides nothing yet'
      : `it is part of the contract of ${folder}/: what was held or refused there is tried again`
  return { becomes: 'contract', dataset: null, stages: [], load: null, why }
}

function stagesOf(key: string, { stream }: NonNullable<Governing['contract']>): Fate['stages'] {
  if (isStreamOnly(key)) return ['streaming']
  return ['raw-ingestion', 'silver', ...(stream ? (['streaming'] as const) : [])]
}

/** A version of which nothing is known but its key. */
function unseen(key: string): ObjectVersion {
  return { key, etag: '', size: 0, modified: new Date(0) }
}

/** Names below the same package under which one of its contracts would take the file. */
async function offersFor(store: ObjectStore, asked: DropPlace): Promise<DropGoal['offers']> {
  const { tree = 'bronze', package: folder, name } = asked
  const found = await readPackage(store, `${tree}/${folder}`)
  if (!found?.outline) return []
  const file = posix.basename(name!)
  const places = found.outline.resources.flatMap((resource) => {
    const { paths, globs } = filesOf(resource)
    const named = paths.filter((path) => posix.basename(path) === file)
    return (
      [...named, ...globs.map((glob) => `${fixedPart(glob)}${file}`)]
        .map((path) => posix.normalize(path))
        // A descriptor may name anything, and what leads out of its package is no object.
        .filter((path) => isSafeKey(`${tree}/${folder}/${path}`))
    )
  })
  const datasets = new Set(resourcesOf(found).map(({ dataset }) => dataset))
  const offers = await Promise.all(
    [...new Set(places)].slice(0, OFFERED).map(async (offer) => {
      const { dataset, contract } = await govern(store, `${tree}/${folder}/${offer}`)
      const isOne = contract !== undefined && datasets.has(dataset)
      return isOne ? [{ name: offer, dataset: dataset! }] : []
    }),
  )
  return offers.flat()
}

/** The folders of a glob before anything that stands for several: `orders/*.csv` → `orders/`. */
function fixedPart(glob: string): string {
  const [fixed = ''] = /^(?:[^*?[\]{}!()]*\/)?/.exec(glob) ?? []
  return fixed
}
