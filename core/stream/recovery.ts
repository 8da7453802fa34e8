import { LIFETIME } from '../commit/commit.ts'
import { type CommitRecord, Lost, putRecord, readRecord } from '../commit/commit-record.ts'
import type { Duck } from '../duck/duckdb.ts'
import { Busy } from '../errors.ts'
import type { Lake } from '../lake.ts'
import { recordsByStem } from '../standing.ts'
import type { ObjectVersion } from '../store/object-store.ts'
import { type Checkpoint, checkpointKey } from './checkpoint.ts'
import { PUBLISHED, parsePublication } from './publication.ts'
import { compareSequences } from './sequence.ts'
import { type Footer, parseName, RESULTS, readFooter, type StreamFileName } from './stream-files.ts'

/**
 * A checkpoint that was deleted, or put back as it was before, is behind the files: going on from
 * it would write rows again. Each file's footer carries the checkpoint that it became final with,
 * so the newest whole commit tells where to go on.
 */

type Found = { version: ObjectVersion; name: StreamFileName }

/** Stages of this process that have looked, by lake. */
const looked = new Map<string, Promise<void>>()

/**
 * Looks, once for each process, whether every checkpoint of the lake is as new as its files, and
 * makes it anew where it is not.
 *
 * @throws Error, naming what to do, where the files do not tell; Busy where a writer may be alive
 */
export function recover(lake: Lake): Promise<void> {
  const { url } = lake.store
  const look = looked.get(url) ?? recoverAll(lake)
  looked.set(url, look)
  look.catch(() => looked.delete(url))
  return look
}

async function recoverAll(lake: Lake): Promise<void> {
  // Files first, records then: whatever is written meanwhile is known by its record.
  const files = await filesByShard(lake)
  if (files.size === 0) return
  const records = await recordsByStem(lake.store)
  for (const [stem, found] of files) {
    const held = records.get(stem)
    const beyond = found.filter((file) => isBeyond(file, held?.record))
    if (beyond.length === 0) continue
    await lake.withScratch(0, async (_, duck) => {
      // Fences over dead files stand beyond, too, and are no sign of anything.
      const real = await epochsOf(lake, duck, beyond)
      if (real.length > 0) await rebuild(lake, duck, found, held)
    })
  }
}

async function filesByShard({ store }: Lake): Promise<Map<string, Found[]>> {
  const files: Found[] = []
  for (const tree of [RESULTS, 'quarantine/']) {
    for await (const version of store.list(tree)) {
      const name = parseName(version.key)
      const ours = tree === RESULTS || version.key.includes('/stream/')
      if (name && ours) files.push({ version, name })
    }
  }
  return Map.groupBy(files, ({ name }) => name.stem)
}

type Standing = { etag: string; record: CommitRecord<Checkpoint> }

function isBeyond({ version, name }: Found, record: CommitRecord<Checkpoint> | undefined): boolean {
  if (!record?.state) return true
  const known = [...(record.writing?.files ?? []), ...record.garbage]
  if (known.includes(version.key)) return false
  return name.epoch > record.epoch || compareSequences(name.last, record.state.position) > 0
}

/** The files of one epoch that hold rows, and what their footers say. */
interface Epoch {
  epoch: number
  files: Found[]
  footer: Footer | undefined
}

async function rebuild(lake: Lake, duck: Duck, files: Found[], held: Standing | undefined) {
  const epochs = await epochsOf(lake, duck, files)
  const dead: string[] = []
  let newest: Epoch | undefined
  let later = Number.POSITIVE_INFINITY
  for (const one of epochs) {
    const { footer } = one
    if (!newest) {
      if (!footer || footer.files !== one.files.length) throw unknown(lake, one)
      newest = one
    } else if (footer && footer.checkpoint.commit >= later) {
      // Its writer died before its commit, and a later one did the work again.
      dead.push(...one.files.map(({ version }) => version.key))
      continue
    }
    later = footer?.checkpoint.commit ?? later
  }
  if (!newest?.footer) return
  const { checkpoint } = newest.footer
  if (held?.record.state && held.record.state.commit >= checkpoint.commit) return
  if (!held) await checkPublished(lake, checkpoint)
  const epoch = files.reduce(
    (most, { name }) => Math.max(most, name.epoch),
    held?.record.epoch ?? 0,
  )
  const names = newest.files.map(({ version }) => version.key)
  const before = held ?? { etag: undefined, record: blank }
  const garbage = [...new Set([...before.record.garbage, ...dead])]
  try {
    const now = { epoch, state: checkpoint, files: names, writing: null, garbage }
    await putRecord(lake.store, checkpointKey(checkpoint), before, now)
  } catch (error) {
    if (!(error instanceof Lost)) throw error
    throw new Busy(`${checkpointKey(checkpoint)}: another process made it anew; try again`)
  }
}

const blank = { id: '', epoch: 0, state: null, files: [], writing: null, garbage: [] }

/** From the newest to the oldest; files without a row are fences. */
async function epochsOf({ store }: Lake, duck: Duck, files: Found[]): Promise<Epoch[]> {
  const byEpoch = [...Map.groupBy(files, ({ name }) => name.epoch)]
  const epochs: Epoch[] = []
  for (const [epoch, all] of byEpoch.toSorted(([a], [b]) => b - a)) {
    const read: ({ file: Found } & Awaited<ReturnType<typeof readFooter>>)[] = []
    // One at a time: a connection streams the rows of one statement only.
    for (const file of all) read.push({ file, ...(await readFooter(store, duck, file.version)) })
    const real = read.filter(({ rows }) => rows > 0)
    const footer = real.find((one) => one.footer)?.footer
    if (real.length > 0) epochs.push({ epoch, files: real.map(({ file }) => file), footer })
  }
  return epochs
}

const cure =
  'put the last version of its checkpoint back (where the bucket keeps versions), or begin anew ' +
  'with `sluice publish --anew`, which removes what the stream has become and publishes it again'

function unknown({ store }: Lake, { files }: Epoch): Error {
  const [first] = files
  const key = first!.version.key
  const age = Date.now() - Math.max(...files.map(({ version }) => version.modified.getTime()))
  if (age < LIFETIME) {
    const until = new Date(Date.now() + LIFETIME - age).toISOString()
    return new Busy(
      `${store.locate(key)} stands beyond its checkpoint, and its writer may live until ` +
        `${until}: start again then; or ${cure}`,
    )
  }
  return new Error(
    `${store.locate(key)} stands beyond its checkpoint, and the files do not tell how far it was ` +
      `committed: ${cure}`,
  )
}

/** Objects that were there as a whole are known by the records of their publication alone. */
async function checkPublished({ store }: Lake, { finished }: Checkpoint): Promise<void> {
  if (finished === 0) return
  for await (const { key } of store.list(PUBLISHED)) {
    const found = await readRecord(store, key, parsePublication)
    if (found?.record.state?.status === 'published') return
  }
  throw new Error(
    `the checkpoints and the records of what is published (${store.locate(`${PUBLISHED}x`)}) are ` +
      `gone, so every object would be added again: ${cure}`,
  )
}
