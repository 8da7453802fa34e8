import { readRecord } from '../commit/commit-record.ts'
import { folderOf, type Manifest, parseManifest } from '../commit/manifest.ts'
import type { Contract } from '../contract/contract.ts'
import type { PrivateDuck } from '../duck/duckdb.ts'
import { Busy } from '../errors.ts'
import { inLanes, READS } from '../lanes.ts'
import { identifier } from '../names.ts'
import type { ObjectStore, ObjectVersion } from '../store/object-store.ts'
import type { Pinned } from '../store/pinned.ts'
import { contractColumns, fileRows, freeName } from './file-rows.ts'

/** What stands in Silver of one object. */
export interface StandingObject {
  rows: ObjectVersion[]
  rejects: ObjectVersion[]
}

/**
 * What Silver's manifests name of a dataset at one moment, the object that wins over all others
 * last: of two, the one modified later wins, then the greater key.
 *
 * @throws Busy where another version of an object was committed while we looked
 */
export async function standingObjects(
  store: ObjectStore,
  dataset: string,
): Promise<StandingObject[]> {
  // Listed first: a file that a manifest names after that has never been a fence before.
  const listed = new Map<string, ObjectVersion>()
  for (const tree of ['silver', 'quarantine'] as const) {
    for await (const version of store.list(`${folderOf(tree, dataset)}/`)) {
      listed.set(version.key, version)
    }
  }
  const manifests = [...listed.keys()].filter((key) => /\/_manifests\/[^/]+\.json$/.test(key))
  const read = await inLanes(manifests, READS, (key) => readRecord(store, key, parseManifest))
  const records = read.flatMap((held) => {
    const state = held?.record.state
    return state?.standing === undefined ? [] : [{ state, files: held?.record.files ?? [] }]
  })
  return records
    .toSorted((a, b) => byRank(a.state, b.state))
    .map(({ files }) => {
      const versions = files.map((key) => listed.get(key) ?? gone(key))
      return {
        rows: versions.filter(({ key }) => key.startsWith('silver/')),
        rejects: versions.filter(({ key }) => key.startsWith('quarantine/')),
      }
    })
}

function gone(key: string): never {
  throw new Busy(`${key} was committed this very moment`)
}

/** The same question as in Postgres (merge.ts): the time first, then the bytes of the keys. */
function byRank(a: Manifest, b: Manifest): number {
  const time = modifiedOf(a) - modifiedOf(b)
  return time || Buffer.compare(Buffer.from(a.object), Buffer.from(b.object))
}

/** A version that was refused later says nothing of the one that stands. */
function modifiedOf({ standingModified, modified }: Manifest): number {
  return Date.parse(standingModified ?? modified)
}

/** `shop.orders` as its table has it: for an upsert dataset the winner of each key, and so on. */
export async function silverSelect(
  duck: PrivateDuck,
  files: Pinned,
  contract: Contract,
  objects: StandingObject[],
): Promise<string> {
  const { load, primaryKey, dataset } = contract
  const counted = load === 'replace' ? objects.slice(-1) : objects
  const paths = await files.paths(counted.flatMap(({ rows }) => rows))
  const found = await fileRows(duck, dataset, paths, contractColumns(contract))
  if (load !== 'upsert' || counted.filter(({ rows }) => rows.length > 0).length < 2) {
    return found.select
  }
  // Of the files, which stand in the order of their objects, the last that has the key.
  const place = freeName('file', found.names)
  const rows = found.withPlace(place)
  const key = primaryKey.map(identifier)
  const same = [...key, place].map((name) => `r.${name} IS NOT DISTINCT FROM w.${name}`)
  return `SELECT ${found.names.map(identifier).join(', ')} FROM (${rows}) r SEMI JOIN (
    SELECT ${key.join(', ')}, max(${place}) AS ${place} FROM (${rows}) GROUP BY ${key.join(', ')}
  ) w ON ${same.join(' AND ')}`
}
