import { posix } from 'node:path'
import {
  contractsOf,
  type Governing,
  govern,
  isDescriptor,
  isNdjson,
  looksLikeCsv,
  packageOf,
} from '../core/contract/catalog.ts'
import { isStreamOnly } from '../core/contract/contract.ts'
import { packagesIn } from '../core/contract/packages.ts'
import type { Failure } from '../core/database/failures.ts'
import { isProposal } from '../core/infer/proposal.ts'
import { none, type Outcome } from '../core/outcome.ts'
import { memoryOf } from '../core/store/memo-store.ts'
import type { Denied, ObjectStore, ObjectVersion } from '../core/store/object-store.ts'
import { governStream } from '../core/stream/stream-catalog.ts'
import { decide } from '../core/take.ts'
import { isHalfFile } from './watcher.ts'

/**
 * What lies in a lake as no stage has looked at it: nobody runs, an event was lost, or it is about
 * to be taken.
 */
export interface Unseen {
  object: string
  /** Bytes. */
  size: number
  /** ISO 8601. */
  modified: string
  /** The stages that have not looked at this version. */
  stages: Outcome['stage'][]
  /** Whether one of them has looked at an earlier version. */
  changed: boolean
  /** Why raw-ingestion has not loaded it, where it has tried. */
  failure?: Failure
}

/** By object, the eTags of the versions that a stage has looked at. */
export type Looks = Map<string, string[]>

/** What each stage has looked at; one that is left out is not asked of. */
export interface Looked {
  raw?: Looks | undefined
  silver: Looks
  stream: Looks
  /** Folders of Bronze, only below which anything is published; else each object is looked at. */
  streamed?: string[]
  /** Loads that have failed, by object. */
  failures?: Map<string, Failure>
}

export function looksOf(seen: { object: string; etag: string }[]): Looks {
  const looks: Looks = new Map()
  for (const { object, etag } of seen) looks.set(object, [...(looks.get(object) ?? []), etag])
  return looks
}

/**
 * Everything that lies in `bronze/` and `streaming/`, by one list. To be made before
 * the stages' records are read: what is taken in between is not told as unseen then.
 *
 * @param denied told of each folder that may not be read
 */
export async function inputsIn(store: ObjectStore, denied: Denied): Promise<ObjectVersion[]> {
  const inputs: ObjectVersion[] = []
  for (const prefix of ['bronze/', 'streaming/']) {
    for await (const version of store.list(prefix, '', denied)) inputs.push(version)
  }
  return inputs
}

/** The folders of Bronze whose packages stream a dataset. */
export async function streamedFolders(
  store: ObjectStore,
  inputs: ObjectVersion[],
): Promise<string[]> {
  const folders = inputs.flatMap(({ key }) => {
    return isDescriptor(key) && !isStreamOnly(key) ? posix.dirname(key) : []
  })
  const packages = await packagesIn(store, [...new Set(folders)])
  const streaming = packages.filter((one) => contractsOf(one).some(({ stream }) => stream))
  return streaming.map(({ folder }) => folder)
}

/**
 * Those of the inputs that no stage has looked at; and `ends`: those that the stream would hold or
 * refuse by the descriptor that stands there now, of which it keeps no record.
 */
export async function unseenAmong(
  store: ObjectStore,
  inputs: ObjectVersion[],
  looked: Looked,
): Promise<{ unseen: Unseen[]; ends: Outcome[] }> {
  const memory = memoryOf(store)
  const found: { unseen: Unseen[]; ends: Outcome[] } = { unseen: [], ends: [] }
  for (const version of inputs) {
    const one = await lookFor(memory, version, looked)
    if (one && 'status' in one) found.ends.push(one)
    else if (one) found.unseen.push(one)
  }
  return found
}

async function lookFor(
  store: ObjectStore,
  version: ObjectVersion,
  looked: Looked,
): Promise<Unseen | Outcome | undefined> {
  const { key, etag } = version
  // As `start` passes over what is half written, and every stage what is no object.
  if (isHalfFile(key) || isDescriptor(key) || isProposal(key)) return undefined
  const isStream = isStreamOnly(key)
  const flows = isStream || isBelow(key, looked.streamed)
  const all = looksAt(isStream, flows, looked)
  const missing = all.filter(({ looks }) => !looks.get(key)?.includes(etag))
  if (missing.length === 0 || (await packageOf(store, key)) !== undefined) return undefined
  const governing = isStream ? await governStream(store, key) : await govern(store, key)
  const isOne = looksLikeCsv(key) || (isStream && isNdjson(key))
  const decision = decide(version, governing, undefined, '', isOne)
  if (decision.what === 'ignored') return undefined
  if (isStream && (decision.what === 'held' || decision.what === 'refused')) {
    const { dataset } = governing
    const { what: status, reason } = decision
    return { stage: 'streaming', object: key, dataset, status, reason, seconds: 0, ...none }
  }
  const kept: typeof missing = []
  for (const one of missing) if (await keepsIt(store, key, one.stage, governing)) kept.push(one)
  if (kept.length === 0) return undefined
  const stages = kept.map(({ stage }) => stage)
  const changed = kept.some(({ looks }) => looks.has(key))
  const { size, modified } = version
  const failure = stages.includes('raw-ingestion') ? looked.failures?.get(key) : undefined
  const told = { object: key, size, modified: modified.toISOString(), stages, changed }
  return failure ? { ...told, failure } : told
}

function looksAt(isStream: boolean, flows: boolean, { raw, silver, stream }: Looked) {
  const published = { stage: 'streaming' as const, looks: stream }
  if (isStream) return [published]
  return [
    ...(raw ? [{ stage: 'raw-ingestion' as const, looks: raw }] : []),
    { stage: 'silver' as const, looks: silver },
    ...(flows ? [published] : []),
  ]
}

function isBelow(key: string, folders: string[] | undefined): boolean {
  return folders === undefined || folders.some((folder) => key.startsWith(`${folder}/`))
}

/** Whether the stage would keep a record of the object, as all do but for these. */
async function keepsIt(
  store: ObjectStore,
  key: string,
  stage: Outcome['stage'],
  { dataset, contract }: Governing,
): Promise<boolean> {
  if (stage === 'silver') return dataset !== undefined
  if (stage === 'raw-ingestion' || isStreamOnly(key)) return true
  // Of what two packages would stream, it refuses both.
  return contract?.stream !== undefined && (await governStream(store, key)).contract !== undefined
}
