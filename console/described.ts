import { posix } from 'node:path'
import { resourcesOf } from '../core/contract/catalog.ts'
import { type Contract, datasetOf, isStreamOnly } from '../core/contract/contract.ts'
import { filesOf } from '../core/contract/descriptor.ts'
import type { Package } from '../core/contract/package.ts'
import type { Files } from './contract-words.ts'

/** A dataset as descriptors tell of it, whether its contract can be used or not. */
export interface Described {
  dataset: string
  /** Of the descriptor. */
  file: string
  contract: Contract | undefined
  /** That by which it flows: mostly the same. */
  streamed: Contract | undefined
  files: Files
  /** Why it cannot be used. */
  broken: string | undefined
}

/** Every dataset of some packages, once. Of a descriptor that is broken as a whole, its schema. */
export function describedIn(packages: Package[]): Described[] {
  const byName = Map.groupBy(packages.flatMap(describedBy), ({ dataset }) => dataset)
  return [...byName.values()].map(joined).toSorted((a, b) => (a.dataset < b.dataset ? -1 : 1))
}

/** The folder of a package, `bronze/shop/`. */
export function folderOf({ file }: Pick<Described, 'file'>): string {
  return `${posix.dirname(file)}/`
}

function describedBy(found: Package): Described[] {
  const { file, outline } = found
  const nameless = datasetOf(file, 'x').schema
  const nothing = { contract: undefined, streamed: undefined, files: { paths: [], globs: [] } }
  if (!outline) return [{ dataset: nameless, file, ...nothing, broken: found.broken }]
  return resourcesOf(found).map(({ dataset = nameless, contract, broken }, i) => {
    const streamed = contract?.stream && contract
    const files = filesOf(outline.resources[i]!)
    return { dataset, file, contract, streamed, files, broken }
  })
}

/** Bronze may have a table, and `streaming/` a stream, of one name; any other pair is a clash. */
function joined(all: Described[]): Described {
  const [first, ...others] = all.toSorted((a, b) => (a.file < b.file ? -1 : 1))
  if (others.length === 0) return first!
  const streams = all.filter(({ streamed }) => streamed)
  const tables = all.filter(({ file }) => !isStreamOnly(file))
  const rivals = [streams, tables].find(({ length }) => length > 1)
  const files = rivals?.map(({ file }) => file).join(' and by ')
  const clash = files && `${first!.dataset} is described by ${files}: rename one`
  const broken = all.map((one) => one.broken).find((why) => why !== undefined)
  return { ...first!, streamed: streams[0]?.streamed, broken: clash ?? broken }
}
