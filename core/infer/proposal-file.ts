import { setTimeout as sleep } from 'node:timers/promises'
import { parse as parseYaml } from 'yaml'
import { readPackage } from '../contract/catalog.ts'
import type { Duck } from '../duck/duckdb.ts'
import { Refused } from '../errors.ts'
import { unfit } from '../held.ts'
import type { Lake } from '../lake.ts'
import { memoryOf } from '../store/memo-store.ts'
import type { ObjectVersion, PutCondition } from '../store/object-store.ts'
import { textSize } from '../text/plain-text.ts'
import { asText, type InferTask, infer, rejectedBy } from './infer.ts'
import {
  acceptCommand,
  folderOfKey,
  formatProposal,
  type Proposal,
  parseProposal,
  proposalKey,
} from './proposal.ts'
import { joined, type Newcomer } from './proposal-join.ts'

/**
 * Writes what can be proposed for an object into the proposal of its folder. Many writers may do so
 * at once: each writes over what it has read, or reads again, so that no file is left out.
 *
 * @returns why nothing is proposed for the object, and what to do; undefined where something is
 * @throws a fault of the store or the disk, and Busy where the object changed meanwhile
 */
export async function propose(lake: Lake, version: ObjectVersion): Promise<string | undefined> {
  const { store } = lake
  const folder = folderOfKey(version.key)
  const key = proposalKey(folder)
  const path = version.key.slice(folder.length + 1)
  const other = edited((await store.get(key))?.body.toString(), path, key)
  if (other) return other.why
  const file = await newcomer(lake, { version }, path)
  for (let tries = 0; ; tries++) {
    const there = await store.get(key)
    const other = edited(there?.body.toString(), path, key)
    if (other) return other.why
    const before = there && parseProposal(there.body.toString())
    const taken = await takenIn(lake, folder)
    const empty: Proposal = { name: nameOf(folder), resources: [], remarks: [], without: [] }
    const proof = proofIn(lake, folder)
    const proposal = await joined(before ?? empty, taken, file, proof)
    const body = Buffer.from(formatProposal(proposal, acceptCommand(folder)))
    const when: PutCondition = there ? { ifMatch: there.version.etag } : { ifNoneMatch: true }
    if (await store.put(key, body, when)) return 'why' in file ? unfit(folder, file.why) : undefined
    await sleep(Math.random() * Math.min(1000, 20 * 2 ** tries))
  }
}

/** Whether an object's file is in the proposal of its folder, as it stands. */
export async function isProposed(lake: Lake, { key }: ObjectVersion): Promise<boolean> {
  const folder = folderOfKey(key)
  const there = await lake.store.get(proposalKey(folder))
  return (
    there !== undefined && pathsIn(there.body.toString()).includes(key.slice(folder.length + 1))
  )
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('/') + 1)
}

/**
 * What a person has changed is never written over; it may name the file already.
 *
 * @param text of the proposal that is there
 * @returns undefined where nobody has; else why the file is in none, unless it is in this one
 */
export function edited(
  text: string | undefined,
  path: string,
  key: string,
): { why: string | undefined } | undefined {
  if (text === undefined || parseProposal(text)) return undefined
  if (pathsIn(text).includes(path)) return { why: undefined }
  const cure = 'add the file there, or let what it has through first'
  return { why: `${key} has been edited, and is left as it is: ${cure}` }
}

/** The paths of all resources, as far as the text can be read. */
function pathsIn(text: string): string[] {
  const own = parseProposal(text)
  if (own) return [...own.resources.flatMap((one) => one.path), ...own.without.map((o) => o.path)]
  try {
    const { resources } = parseYaml(text) as { resources: { path?: string | string[] }[] }
    return resources.flatMap((one) => one.path ?? [])
  } catch {
    // Whatever it is, it is not ours: it names no file that we could tell.
    return []
  }
}

/**
 * What a file says of itself; or why it says nothing.
 *
 * @param candidate an object of the lake, or a file that might become one
 * @throws a fault of the store or the disk, and Busy where the object changed meanwhile
 */
export async function newcomer(
  lake: Lake,
  { version, path: outside }: { version: ObjectVersion; path?: string },
  path: string,
): Promise<Newcomer> {
  try {
    if (outside === undefined) return { path, found: await withCopy(lake, version, infer) }
    const work = (folder: string, duck: Duck) =>
      infer({ duck, path: outside, key: version.key, folder })
    return { path, found: await lake.withScratch(textSize(version), work) }
  } catch (error) {
    if (error instanceof Refused) return { path, why: error.message }
    throw error
  }
}

/** The object's bytes on this machine, for as long as the work takes. */
async function withCopy<T>(
  { store, withScratch }: Lake,
  version: ObjectVersion,
  work: (task: InferTask) => Promise<T>,
  columns = 0,
): Promise<T> {
  const copy = await store.open(version)
  try {
    const { key } = version
    const done = await withScratch(
      textSize(version),
      (folder, duck) => work({ duck, path: copy.path, key, folder }),
      columns,
    )
    await copy.verify()
    return done
  } finally {
    await copy.release()
  }
}

async function takenIn(lake: Lake, folder: string): Promise<string[]> {
  const found = await readPackage(memoryOf(lake.store), folder)
  return found?.outline?.resources.map(({ name }) => name) ?? []
}

function proofIn(lake: Lake, folder: string) {
  return async (path: string, frame: Parameters<typeof rejectedBy>[1]): Promise<boolean> => {
    const version = await lake.store.head(`${folder}/${path}`)
    if (!version) return true
    const proof = async (task: InferTask) => {
      return (await rejectedBy(task, frame)) === (await rejectedBy(task, asText(frame)))
    }
    return withCopy(lake, version, proof, frame.fields.length)
  }
}
