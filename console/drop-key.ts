import { govern, isNdjson, looksLikeCsv } from '../core/contract/catalog.ts'
import { Refused } from '../core/errors.ts'
import { isProposal } from '../core/infer/proposal.ts'
import { isBelowReplay } from '../core/replay/replay.ts'
import { checkKey, type ObjectStore } from '../core/store/object-store.ts'
import { isHalfFile } from '../local/watcher.ts'

/** Where a dropped file is to lie, as it was asked. */
export interface DropPlace {
  /** `bronze`, which is the default, or `streaming`. */
  tree: string | undefined
  /** `shop`, or `eu/shop`. */
  package: string | undefined
  /** `orders/2026-04.csv` */
  name: string | undefined
}

/**
 * The key of a file that is dropped: `bronze/shop/orders/2026-04.csv`.
 *
 * @throws Refused for what no stage would take from there, with what to do; UnsafeKey
 */
export async function dropKey(store: ObjectStore, place: DropPlace): Promise<string> {
  const { tree = 'bronze', package: folder, name } = place
  if (!folder) throw new Refused('package: a folder of the lake is expected, such as shop')
  if (!name) throw new Refused('name: that of the file is expected, such as orders/2026-04.csv')
  if (tree !== 'bronze' && tree !== 'streaming') {
    throw new Refused(`tree ${JSON.stringify(tree)}: bronze or streaming is allowed`)
  }
  const key = `${tree}/${folder}/${name}`
  checkKey(key)
  const why = await unwanted(store, key, tree)
  if (why !== undefined) throw new Refused(`${key}: ${why}`)
  return key
}

async function unwanted(
  store: ObjectStore,
  key: string,
  tree: 'bronze' | 'streaming',
): Promise<string | undefined> {
  if (isHalfFile(key)) {
    return 'a name that begins with a dot, or ends in ~, .tmp, .part or .crdownload, is passed over'
  }
  if (isBelowReplay(key)) return 'mended rows go in by a replay: the view Rejects has it'
  if (isProposal(key)) return 'a proposal is made by Sluice: drop a datapackage.yaml'
  const archive = /\.(zip|bz2|xz|7z|tar|tgz)$/i.exec(key)?.[0]
  if (archive) return `${archive} is not read: drop what it holds, as it is or as .gz or .zst`
  if (tree === 'bronze' && isNdjson(key)) return 'JSON of a line each flows below streaming/ alone'
  // A descriptor, or the schema or dialect that it refers to.
  if (/\.(json|ya?ml)$/i.test(key)) return undefined
  if (looksLikeCsv(key) || isNdjson(key)) return undefined
  if ((await govern(store, key)).dataset !== undefined) return undefined
  return 'no contract names it, so that it would lie there unread: call it .csv or .tsv'
}
