import { matchesGlob, posix } from 'node:path'
import { type Contract, datasetOf, parseContract } from './contract.ts'
import { type Outline, parseOutline } from './descriptor.ts'
import { Refused } from './errors.ts'
import { shortHash } from './names.ts'
import type { ObjectStore, ObjectVersion } from './object-store.ts'

/** Which contract governs which object: the nearest descriptor at or above it that names it. */

const descriptors = ['datapackage.yaml', 'datapackage.yml', 'datapackage.json']

export function isDescriptor(key: string): boolean {
  return descriptors.includes(posix.basename(key))
}

/** Whether an object of Bronze is one that Sluice takes when no contract names it. */
export function looksLikeCsv(key: string): boolean {
  return /\.(csv|tsv)(\.gz)?$/i.test(key)
}

/** Whether it is an object of one JSON value a line. */
export function isNdjson(key: string): boolean {
  return /\.(ndjson|jsonl)(\.gz)?$/i.test(key)
}

/** What governs an object; `broken` is why its contract cannot be used. */
export interface Governing {
  dataset: string | undefined
  contract: Contract | undefined
  broken: string | undefined
  /** Of the descriptors that were looked at, so that a changed one is noticed; '' for none. */
  hash: string
}

/** A descriptor as it stands: its resources' names and paths, or why it cannot be read. */
export interface Package {
  file: string
  folder: string
  outline: Outline | undefined
  broken: string | undefined
  hash: string
}

/** An object and what governs it, seen at one moment. */
interface Seen {
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
  const known = foldersAbove(key).map((folder) => packages.get(`${url}/${folder}`)?.read)
  return chosen(known.filter(isThere), key)?.dataset
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
  const there = (await Promise.all(keys.map((key) => store.head(key)))).filter(isThere)
  if (there.length === 0) return undefined
  const place = `${store.url}/${folder}`
  const known = packages.get(place)
  if (known?.etags === etagsOf(there)) return known.read
  const found = (await Promise.all(there.map(({ key }) => store.get(key)))).filter(isThere)
  if (found.length === 0) return undefined
  const hash = shortHash(found.map((one) => one.body.toString('base64')).join())
  const read = parsePackage(found, folder, hash)
  packages.set(place, { etags: etagsOf(found.map((one) => one.version)), read })
  return read
}

/** As they were parsed last, by folder: thousands of objects share one. */
const packages = new Map<string, { etags: string; read: Package }>()

function etagsOf(versions: ObjectVersion[]): string {
  return versions.map(({ key, etag }) => `${key} ${etag}`).join('\n')
}

function isThere<T>(found: T | undefined): found is T {
  return found !== undefined
}

type Found = { version: ObjectVersion; body: Buffer }

function parsePackage(found: Found[], folder: string, hash: string): Package {
  const first = found[0]!
  const file = first.version.key
  const made = { file, folder, outline: undefined, broken: undefined, hash }
  if (folder.split('/').length < 2) {
    return { ...made, broken: `${file}: a package is a folder of its own: move it into one` }
  }
  if (found.length > 1) {
    const names = found.map((one) => one.version.key).join(', ')
    return { ...made, broken: `${names}: one descriptor a folder is allowed; remove the others` }
  }
  try {
    return { ...made, outline: checked(parseOutline(first.body.toString('utf8'), file), file) }
  } catch (error) {
    if (error instanceof Refused) return { ...made, broken: error.message }
    throw error
  }
}

/** All contracts of a package that can be used, for what spans datasets: foreign keys, order. */
export function contractsOf(found: Package): Contract[] {
  return (found.outline?.resources ?? []).flatMap((_, index) => {
    const { contract } = resourceOf(found, index)
    return contract ? [contract] : []
  })
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
  const { dataset } = datasetOf(found.file, outline.resources[index]!.name)
  try {
    return { dataset, contract: parseContract(outline, index, found.file), broken: undefined }
  } catch (error) {
    if (error instanceof Refused) return { dataset, contract: undefined, broken: error.message }
    throw error
  }
}

/** Names that fall together as snake case would share a table. */
function checked(outline: Outline, file: string): Outline {
  const seen = new Map<string, string>()
  for (const { name } of outline.resources) {
    const { dataset, schema, table } = datasetOf(file, name)
    const same = seen.get(dataset)
    if (table === '' || schema === '') {
      const what = table === '' ? `resource ${JSON.stringify(name)}` : 'the folder'
      throw new Refused(`${file}: ${what}: no letter or digit in its name; rename it`)
    }
    if (same !== undefined) {
      const both = `${JSON.stringify(same)} and ${JSON.stringify(name)}`
      throw new Refused(`${file}: resources ${both} are both ${dataset}: rename one`)
    }
    seen.set(dataset, name)
  }
  return outline
}

function indexOf(found: Package, key: string): number {
  const below = key.slice(found.folder.length + 1)
  const resources = found.outline!.resources
  const named = resources.findIndex((one) => (one.path ?? []).some((path) => samePath(path, below)))
  if (named >= 0) return named
  return resources.findIndex((one) =>
    (one.sluice?.files ?? []).some((glob) => matchesGlob(below, glob)),
  )
}

/** `./orders.csv` is `orders.csv`; a path out of the package or a remote one is never an object. */
function samePath(path: string, below: string): boolean {
  return posix.normalize(path) === below
}

/**
 * `bronze/eu/shop/orders/1.csv` → `bronze/eu/shop/orders`, `bronze/eu/shop`, `bronze/eu`, `bronze`
 */
function foldersAbove(key: string): string[] {
  const parts = key.split('/').slice(0, -1)
  return parts.map((_, i) => parts.slice(0, parts.length - i).join('/'))
}
