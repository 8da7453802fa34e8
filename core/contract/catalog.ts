import { posix } from 'node:path'
import { Refused } from '../errors.ts'
import { shortHash } from '../names.ts'
import { isBelowReplay, parseReplayKey, replayContract } from '../replay/replay.ts'
import type { ObjectStore, ObjectVersion } from '../store/object-store.ts'
import { type Contract, datasetOf, parseContract } from './contract.ts'
import { filesOf } from './descriptor.ts'
import { withParts } from './descriptor-parts.ts'
import { globOf } from './glob.ts'
import { brokenPackage, type Package, parsePackage, tooLarge } from './package.ts'

/** Which contract governs which object: the nearest descriptor at or above it that names it. */

export const descriptors = ['datapackage.yaml', 'datapackage.yml', 'datapackage.json']

export function isDescriptor(key: string): boolean {
  return descriptors.includes(posix.basename(key))
}

/**
 * The folder of the package that a key is part of, as its descriptor, or as a schema or dialect
 * that this refers to; undefined for what decides nothing about other objects.
 */
export async function packageOf(store: ObjectStore, key: string): Promise<string | undefined> {
  if (isDescriptor(key)) return posix.dirname(key)
  if (!/\.(json|ya?ml)$/i.test(key)) return undefined
  for (const folder of foldersAbove(key).slice(0, -1)) {
    if ((await readPackage(store, folder))?.parts.includes(key)) return folder
  }
  return undefined
}

/** Whether an object of Bronze is one that Sluice takes when no contract names it. */
export function looksLikeCsv(key: string): boolean {
  return /\.(csv|tsv)(\.(gz|zst))?$/i.test(key) && !isBelowReplay(key)
}

/** Whether it is an object of one JSON value a line. */
export function isNdjson(key: string): boolean {
  return /\.(ndjson|jsonl)(\.(gz|zst))?$/i.test(key)
}

/** What governs an object; `broken` is why its contract cannot be used. */
export interface Governing {
  dataset: string | undefined
  contract: Contract | undefined
  broken: string | undefined
  /** Of the descriptors that were looked at, so that a changed one is noticed; '' for none. */
  hash: string
}

/** An object and what governs it, seen at one moment. */
export interface Seen {
  version: ObjectVersion
  governing: Governing
}

/** Looks at both at once; undefined where no object stands under the key. */
export async function lookAt(store: ObjectStore, key: string): Promise<Seen | undefined> {
  const [version, governing] = await Promise.all([store.head(key), govern(store, key)])
  return version && { version, governing }
}

/**
 * Whether the version that stands is loaded, as far as a commit record tells that was read before.
 * No contract changes that (take.ts), so none is looked at: one request instead of seven.
 */
export async function isLoaded(
  store: ObjectStore,
  key: string,
  record: { status: string; etag: string | undefined } | null,
): Promise<boolean> {
  return record?.status === 'loaded' && (await store.head(key))?.etag === record.etag
}

/** @returns the contract of `key`, or nothing in it where no descriptor names the object */
export async function govern(store: ObjectStore, key: string): Promise<Governing> {
  if (isBelowReplay(key)) return governReplay(store, key)
  const folders = foldersAbove(key)
  const root = folders.pop()
  // All folders at once, as each look is waited for; but no package may stand in the root itself.
  const looks = await Promise.all(folders.map((folder) => readPackage(store, folder)))
  const near = looks.filter(isThere)
  const named = chosen(near, key)
  if (named || root === undefined) return named ?? nothing
  const last = await readPackage(store, root)
  return chosen(last ? [...near, last] : near, key) ?? { ...nothing, hash: hashOf(near) }
}

/**
 * The dataset of an object as the descriptors have it that this process read last. It tells where
 * to look, and nothing that may be relied on.
 */
export function lastDatasetOf({ url }: ObjectStore, key: string): string | undefined {
  if (isBelowReplay(key)) return undefined
  const known = foldersAbove(key).map((folder) => packages.get(`${url}/${folder}`)?.read)
  return chosen(known.filter(isThere), key)?.dataset
}

/** A replay object belongs to the resource that its folder names, by a contract of its own. */
async function governReplay(store: ObjectStore, key: string): Promise<Governing> {
  const place = parseReplayKey(key)
  const found = place && (await readPackage(store, place.folder))
  if (!found) return nothing
  const hash = hashOf([found])
  if (!found.outline) return { ...nothing, broken: found.broken, hash }
  const index = found.outline.resources.findIndex(
    ({ name }) => datasetOf(found.file, name).table === place.table,
  )
  if (index < 0) return { ...nothing, hash }
  const { contract, ...named } = resourceOf(found, index)
  if (contract?.load === 'replace') {
    const broken = `${contract.dataset} is its newest object alone: mend that, and drop it again`
    return { ...named, contract: undefined, broken, hash }
  }
  return { ...named, contract: contract && replayContract(contract), hash }
}

const nothing: Governing = { dataset: undefined, contract: undefined, broken: undefined, hash: '' }

/** By the nearest of the packages that names the object, or cannot be read. */
function chosen(nearest: Package[], key: string): Governing | undefined {
  for (const [i, found] of nearest.entries()) {
    const hash = hashOf(nearest.slice(0, i + 1))
    if (!found.outline) return { ...nothing, broken: found.broken, hash }
    const index = indexOf(found, key)
    if (index >= 0) return { ...resourceOf(found, index), hash }
  }
  return undefined
}

function hashOf(looked: Package[]): string {
  return looked.reduce((hash, found) => shortHash(hash + found.hash), '')
}

/** The descriptor of a folder of Bronze. Two of them in one folder are refused, not chosen from. */
export async function readPackage(
  store: ObjectStore,
  folder: string,
): Promise<Package | undefined> {
  const keys = descriptors.map((name) => `${folder}/${name}`)
  const look = (all: string[]) => Promise.all(all.map((key) => store.head(key)))
  const there = (await look(keys)).filter(isThere)
  if (there.length === 0) return undefined
  const large = there.find(tooLarge)
  if (large) return brokenPackage(large.key, folder, tooLarge(large)!)
  const place = `${store.url}/${folder}`
  const known = packages.get(place)
  if (known?.etags === etagsOf(there)) {
    if (known.read.parts.length === 0) return known.read
    if (known.parts === etagsOf(await look(known.read.parts))) return known.read
  }
  const found = (await Promise.all(there.map(({ key }) => store.get(key)))).filter(isThere)
  if (found.length === 0) return undefined
  const hash = shortHash(found.map((one) => one.body.toString('base64')).join())
  const { read, versions } = await withParts(store, parsePackage(found, folder, hash))
  const etags = etagsOf(found.map((one) => one.version))
  packages.set(place, { etags, parts: etagsOf(versions), read })
  return read
}

/** As they were parsed last, by folder: thousands of objects share one. */
const packages = new Map<string, { etags: string; parts: string; read: Package }>()

function etagsOf(versions: (ObjectVersion | undefined)[]): string {
  return versions.map((one) => (one ? `${one.key} ${one.etag}` : 'nothing')).join('\n')
}

function isThere<T>(found: T | undefined): found is T {
  return found !== undefined
}

/** All contracts of a package that can be used, for what spans datasets: foreign keys, order. */
export function contractsOf(found: Package): Contract[] {
  return resourcesOf(found).flatMap(({ contract }) => contract ?? [])
}

/** Every resource of a package, in their order: its contract, or why it cannot be used. */
export function resourcesOf(found: Package): Omit<Governing, 'hash'>[] {
  return (found.outline?.resources ?? []).map((_, index) => resourceOf(found, index))
}

const contracts = new WeakMap<Package, Map<number, Omit<Governing, 'hash'>>>()

function resourceOf(found: Package, index: number): Omit<Governing, 'hash'> {
  const known = contracts.get(found) ?? new Map<number, Omit<Governing, 'hash'>>()
  contracts.set(found, known)
  const resource = known.get(index) ?? parseOne(found, index)
  known.set(index, resource)
  return resource
}

function parseOne(found: Package, index: number): Omit<Governing, 'hash'> {
  const outline = found.outline!
  const { name } = outline.resources[index]!
  const dataset = name === '' ? undefined : datasetOf(found.file, name).dataset
  try {
    return { dataset, contract: parseContract(outline, index, found.file), broken: undefined }
  } catch (error) {
    if (error instanceof Refused) return { dataset, contract: undefined, broken: error.message }
    throw error
  }
}

function indexOf(found: Package, key: string): number {
  const below = key.slice(found.folder.length + 1)
  const resources = found.outline!.resources
  const named = resources.findIndex((one) => filesOf(one).paths.some((path) => same(path, below)))
  if (named >= 0) return named
  return resources.findIndex((one) => filesOf(one).globs.some((glob) => globOf(glob)(below)))
}

/** `./orders.csv` is `orders.csv`; a path out of the package or a remote one is never an object. */
function same(path: string, below: string): boolean {
  return posix.normalize(path) === below
}

/**
 * `bronze/eu/shop/orders/1.csv` → `bronze/eu/shop/orders`, `bronze/eu/shop`, `bronze/eu`, `bronze`
 */
function foldersAbove(key: string): string[] {
  const parts = key.split('/').slice(0, -1)
  return parts.map((_, i) => parts.slice(0, parts.length - i).join('/'))
}
