import {
  contractsOf,
  type Governing,
  govern,
  isDescriptor,
  readPackage,
} from '../contract/catalog.ts'
import { type Contract, datasetOf, isStreamOnly } from '../contract/contract.ts'
import type { Package } from '../contract/package.ts'
import { UnsafeKey } from '../errors.ts'
import type { ObjectStore } from '../store/object-store.ts'

/** Which contract governs what comes by a stream: objects by their key, other records by name. */

/**
 * As `govern`, and broken where `bronze/` and `streaming/` both stream a dataset of the name: their
 * results would lie in one folder.
 */
export async function governStream(store: ObjectStore, key: string): Promise<Governing> {
  const found = await unlessUnsafe(govern(store, key), (broken) => {
    return { dataset: undefined, contract: undefined, broken, hash: '' }
  })
  if (!found.contract) return found
  const rival = await rivalOf(store, found.contract)
  if (!rival?.stream) return found
  const { dataset, file } = found.contract
  const broken = `${dataset}: streamed by ${file} and by ${rival.file}: rename one`
  return { ...found, contract: undefined, broken }
}

/** Whether an object is one of a stream, as far as its key and its contract tell. */
export async function isStreamed(store: ObjectStore, key: string): Promise<boolean> {
  return isStreamOnly(key) || Boolean((await govern(store, key)).contract?.stream)
}

/** Whether any descriptor of the lake tells of a stream. */
export async function hasStreams(store: ObjectStore): Promise<boolean> {
  for (const root of ['streaming/', 'bronze/']) {
    for await (const { key } of store.list(root)) {
      if (!isDescriptor(key)) continue
      const found = await readPackage(store, key.slice(0, key.lastIndexOf('/')))
      if (found && contractsOf(found).some(({ stream }) => stream)) return true
    }
  }
  return false
}

async function rivalOf(store: ObjectStore, { file, dataset }: Contract) {
  const [root, ...folder] = file.split('/').slice(0, -1)
  const other = root === 'bronze' ? 'streaming' : 'bronze'
  const found = await readPackage(store, [other, ...folder].join('/'))
  return found && contractOf(found, dataset)
}

/**
 * The contract of a dataset that a record names: `till.receipts`, or `eu/shop.orders` for a package
 * below another folder.
 *
 * @returns why there is none, where there is none
 */
export function contractNamed(store: ObjectStore, name: string): Promise<Contract | string> {
  return unlessUnsafe(lookFor(store, name), (why) => why)
}

/** What comes by a stream may name anything; what could be no key of a lake names nothing. */
async function unlessUnsafe<T, U>(found: Promise<T>, otherwise: (why: string) => U) {
  try {
    return await found
  } catch (error) {
    if (!(error instanceof UnsafeKey)) throw error
    return otherwise(error.message)
  }
}

async function lookFor(store: ObjectStore, name: string): Promise<Contract | string> {
  const [, folder = '', resource = ''] = /^([^.]+)\.([^.]+)$/.exec(name) ?? []
  if (!isFolder(folder)) return `dataset ${JSON.stringify(name)}: <package>.<resource> is expected`
  for (const root of ['streaming', 'bronze']) {
    const found = await readPackage(store, `${root}/${folder}`)
    if (found?.broken) return found.broken
    const contract = found && contractOf(found, datasetOf(`${root}/${folder}/x`, resource).dataset)
    if (contract?.stream) {
      const rival = await rivalOf(store, contract)
      if (rival?.stream) return `streamed by ${contract.file} and by ${rival.file}: rename one`
    }
    if (contract?.stream) return contract
    if (contract) return `${name} is no stream: say \`stream: {}\` in ${contract.file}`
  }
  const where = `streaming/${folder}/datapackage.yaml or bronze/${folder}/datapackage.yaml`
  return `no resource ${resource} in ${where}`
}

/** The contract of a dataset by its descriptor's key, where that is known, as it stands now. */
export async function contractOfDataset(
  store: ObjectStore,
  dataset: string,
  file: string | undefined,
): Promise<Contract | undefined> {
  if (file === undefined) {
    const named = await contractNamed(store, dataset)
    return typeof named === 'string' ? undefined : named
  }
  const found = await readPackage(store, file.split('/').slice(0, -1).join('/'))
  return found && contractOf(found, dataset)
}

/** A folder below the root, and nothing that could lead out of it. */
function isFolder(folder: string): boolean {
  return (
    /^[^/\\%]+(\/[^/\\%]+)*$/.test(folder) && !folder.split('/').some((part) => /^\.+$/.test(part))
  )
}

function contractOf(found: Package, dataset: string): Contract | undefined {
  return contractsOf(found).find((one) => one.dataset === dataset)
}
