import { Hono } from 'hono'
import * as z from 'zod'
import { readPackage } from '../core/contract/catalog.ts'
import { Busy, Refused } from '../core/errors.ts'
import { heldWithout, unfit } from '../core/held.ts'
import { folderOfKey, parseProposal } from '../core/infer/proposal.ts'
import { acceptProposal, draftOf } from '../core/infer/proposal-accept.ts'
import type { ObjectStore } from '../core/store/object-store.ts'
import { sentIn } from './asked.ts'
import { Changed } from './failure.ts'
import { outlookOf } from './outlook.ts'
import type { ConsolePlace } from './place.ts'
import { lineDiff, newLines } from './proposal-diff.ts'
import type { AcceptAnswer, ProposalRow } from './shapes.ts'

/** Bytes of a proposal that is shown: nobody reads more. */
const LARGEST = 4 << 20

const accepted = z.object({ package: z.string(), etag: z.string() })

/** What is proposed for held files, and lets them through. */
export function proposalRoutes(place: ConsolePlace): Hono {
  const { store } = place.lake
  const app = new Hono()
  app.get('/proposals', async (c) => {
    const { proposals } = await outlookOf(place)
    const rows = await Promise.all(proposals.map((key) => rowOf(store, key)))
    return c.json(rows.filter((row) => row !== undefined))
  })
  app.post('/accept', async (c) => {
    const { package: name, etag } = await sentIn(c, accepted)
    const answer = await accept(store, `bronze/${name}`, etag)
    for (const what of ['proposal', 'contract'] as const) place.live.tell('changed', { what })
    return c.json(answer)
  })
  return app
}

async function accept(store: ObjectStore, folder: string, etag: string): Promise<AcceptAnswer> {
  try {
    return await acceptProposal(store, folder, etag)
  } catch (error) {
    if (error instanceof Busy) throw new Changed(error.message, { cause: error })
    throw error
  }
}

/** @returns undefined where it was accepted meanwhile */
async function rowOf(store: ObjectStore, key: string): Promise<ProposalRow | undefined> {
  const folder = folderOfKey(key)
  const head = await store.head(key)
  const isLarge = head !== undefined && head.size > LARGEST
  const found = head && !isLarge ? await store.get(key) : undefined
  const version = found?.version ?? head
  if (!version || (!found && !isLarge)) return undefined
  const text = found?.body.toString() ?? ''
  const base = {
    ...{ package: folder.slice('bronze/'.length), key, etag: version.etag },
    ...foundIn(text, folder),
  }
  try {
    if (isLarge) throw new Refused(`${key}: it has ${version.size} bytes: look at it as a file`)
    if (folder === 'bronze') throw new Refused(`${key}: ${rootless}`)
    const descriptor = await descriptorOf(store, folder)
    if (isNothing(text)) return { ...base, descriptor, files: [], diff: [], broken: null }
    const { file, before, after, keys } = await draftOf(store, folder, text)
    return { ...base, descriptor: file, files: keys, diff: lineDiff(before, after), broken: null }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const descriptor = await descriptorOf(store, folder)
    return { ...base, descriptor, files: [], diff: newLines(text), broken: error.message }
  }
}

async function descriptorOf(store: ObjectStore, folder: string): Promise<string> {
  return (await readPackage(store, folder))?.file ?? `${folder}/datapackage.yaml`
}

/** One that says of every file that nothing can be proposed for it. */
function isNothing(text: string): boolean {
  return parseProposal(text)?.resources.length === 0
}

/** What a proposal says of its files, where it is as it was written. */
function foundIn(text: string, folder: string): Pick<ProposalRow, 'remarks' | 'without'> {
  const own = parseProposal(text)
  if (!own) return { remarks: null, without: [] }
  const keyOf = (path: string) => `${folder}/${path}`
  return {
    remarks: own.remarks.map(({ path, text }) => ({ key: keyOf(path), text })),
    without: own.without.map(({ path, why }) => {
      return { key: keyOf(path), why: heldWithout(unfit(folder, why)) }
    }),
  }
}

const rootless = 'a package is a folder of its own: move the files into one'
