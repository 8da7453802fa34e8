import { readRecord } from '../commit/commit-record.ts'
import { manifestKey, parseManifest } from '../commit/manifest.ts'
import type { Governing } from '../contract/catalog.ts'
import type { Database } from '../database/database.ts'
import { shellWord } from '../shell-word.ts'
import type { ObjectStore, ObjectVersion } from '../store/object-store.ts'

/** What is loaded already, of which no contract that changes takes anything back. */
export interface Settled {
  /** The hash of what governed it when it was loaded. */
  contract: string | undefined
  /** Whether Silver has this version, too, where it keeps it. */
  silver: boolean
}

/** @returns undefined where the ledger does not say that this very version is loaded */
export async function settledAs(
  store: ObjectStore,
  database: Database | undefined,
  { key, etag }: ObjectVersion,
  { dataset }: Governing,
): Promise<Settled | undefined> {
  const [ledger] = (await database?.query(`SELECT to_regclass('sluice.objects') AS name`)) ?? []
  if (!database || !ledger?.name) return undefined
  const [row] = await database.query(
    `SELECT contract FROM sluice.objects
       WHERE lake = $1 AND key = $2 AND status = 'loaded' AND loaded_etag = $3`,
    [store.url, key, etag],
  )
  if (!row) return undefined
  const contract = (row.contract ?? undefined) as string | undefined
  if (dataset === undefined) return { contract, silver: true }
  const state = (await readRecord(store, manifestKey(dataset, key), parseManifest))?.record.state
  return { contract, silver: state?.status === 'loaded' && state.etag === etag }
}

export const settled = 'this very version of it is loaded'
export const inPostgresAlone = 'Postgres has this very version of it, and Silver has not'

/** Why a changed contract changes nothing, and what brings it to bear. */
export function settledBefore(
  store: ObjectStore,
  key: string,
  { dataset }: Governing,
  today: { would: string; reason: string | undefined },
): string {
  const replay = `\`sluice replay --all ${dataset}\` tries its rejects by it`
  // In a bucket the same content has the same eTag, whoever puts it there again.
  const isFolder = store.url.startsWith('file://')
  const touch = `\`touch ${shellWord(store.locate(key))}\` has all of it loaded by it`
  const cures = [...(dataset === undefined ? [] : [replay]), ...(isFolder ? [touch] : [])]
  const cure = cures.length > 0 ? ` (${cures.join(', ')})` : ''
  const end = `it would ${today.would === 'load' ? 'be loaded as follows' : words[today.would]}`
  const why = today.reason === undefined ? '' : `: ${today.reason}`
  return (
    `${settled}, and the contract was changed since, which loads nothing anew${cure}. ` +
    `By the contract of today ${end}${why}`
  )
}

const words: Record<string, string> = {
  refuse: 'be refused',
  hold: 'be held',
  ignore: 'be passed over',
}
