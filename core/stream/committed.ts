import { readRecord } from '../commit/commit-record.ts'
import { shortHash } from '../names.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { Again, Poison, Slice } from './batch.ts'
import {
  type Checkpoint,
  checkpointKey,
  parseCheckpoint,
  type Runs,
  shardStem,
} from './checkpoint.ts'
import { compareSequences } from './sequence.ts'
import { RESULTS } from './stream-files.ts'

/**
 * Which records of other producers were committed. A position does not tell: Lambda gives up a
 * batch, of which the first part may be committed, and goes on beyond it. So every commit notes
 * the first and the last sequence number of what it took, a *run*: it came in one piece, so all of
 * its shard that lies between is committed. A record that was put again is committed if a run has
 * it; else it is now, and makes a run. A checkpoint holds the newest runs, files hold the others:
 *
 *     streaming_results/_committed/1b9a04c7-shardId-…01/4950…-4961…-<hash>.json
 *
 * What is in them is final, and they are never removed. Chunks of ours need none of this: they
 * carry their identity.
 */

const FOLDER = `${RESULTS}_committed/`
/** Runs in a checkpoint, of some 120 bytes each; what is above it goes to a file. */
const HELD = 32

type Committed = Checkpoint['committed']

/**
 * Decides on the records of a slice that were put again: those that were committed before add
 * nothing, the others stand among its rows.
 *
 * @returns the slice, and the runs after its commit
 */
export async function settleAgain(
  store: ObjectStore,
  before: Checkpoint,
  slice: Slice,
): Promise<{ slice: Slice; committed: Committed }> {
  const [rows, poison] = [[...slice.rows], [...slice.poison]]
  let { committed } = before
  if (rows.length + poison.length > 0) {
    const after = slice.follows ? before.position : ''
    committed = withRun(committed, shardStem(before), after, [slice.first, slice.last])
  }
  const look = looksAt(store)
  for (const one of slice.again) {
    const { origin, sequence, after } = one.record
    const stem = shardStem(origin)
    if (isIn(committed[stem], sequence)) continue
    const verdict = await judge(look, { ...before, position: slice.last }, one)
    if (verdict === 'committed') continue
    if (verdict === 'missing') {
      committed = withRun(committed, stem, after, [sequence, sequence])
      for (const row of one.rows) rows.push(row)
      for (const each of one.poison) poison.push(each)
    } else poison.push(verdict)
  }
  if (countOf(committed) > HELD) {
    await keepRuns(store, before)
    committed = without(committed, before.committed)
  }
  return { slice: { ...slice, rows, poison }, committed }
}

/** Puts the runs of a checkpoint into files: before it lets them go, or is closed. */
export async function keepRuns(store: ObjectStore, { committed }: Checkpoint): Promise<void> {
  for (const [stem, runs] of Object.entries(committed)) {
    const ends = runs.flat().toSorted(compareSequences)
    const body = JSON.stringify(runs)
    // Named by its content: who does it again writes the same.
    const name = `${ends[0]}-${ends.at(-1)}-${shortHash(body)}.json`
    if (runs.length > 0) await store.put(`${folderOf(stem)}${name}`, Buffer.from(body))
  }
}

function folderOf(stem: string): string {
  return `${FOLDER}${stem}/`
}

/**
 * Whether there are runs of a shard of that name, over what lies between, that may be of any making
 * of its stream: `vacuum` has removed the checkpoints that would tell.
 *
 * @param known `shardStem` of that shard in all makings whose checkpoints are there
 */
export async function hasRunsOfNone(
  store: ObjectStore,
  shard: string,
  [first, last]: Runs[number],
  known: Set<string>,
): Promise<boolean> {
  for await (const { key } of store.list(FOLDER)) {
    const [stem = '', name = ''] = key.slice(FOLDER.length).split('/')
    if (known.has(stem) || !stem.endsWith(`-${shard}`)) continue
    const [begin = '', end = ''] = name.split('-')
    if (compareSequences(begin, last) <= 0 && compareSequences(first, end) <= 0) return true
  }
  return false
}

/** @param after the end of the run that this one goes on from, where that is known */
function withRun(committed: Committed, stem: string, after: string, run: Runs[number]): Committed {
  const runs = committed[stem] ?? []
  // A stranger's record may say that it goes on from what came later: a run never gets shorter.
  const goesOn = after !== '' && compareSequences(after, run[1]) < 0
  const at = goesOn ? runs.findIndex(([, last]) => last === after) : -1
  if (at < 0) return { ...committed, [stem]: [...runs, run] }
  return { ...committed, [stem]: runs.with(at, [runs[at]![0], run[1]]) }
}

function isIn(runs: Runs | undefined, sequence: string): boolean {
  return (runs ?? []).some(([first, last]) => {
    return compareSequences(first, sequence) <= 0 && compareSequences(sequence, last) <= 0
  })
}

function countOf(committed: Committed): number {
  return Object.values(committed).reduce((sum, runs) => sum + runs.length, 0)
}

function without(committed: Committed, kept: Committed): Committed {
  const left = Object.entries(committed).map(([stem, runs]): [string, Runs] => {
    const gone = new Set((kept[stem] ?? []).map(String))
    return [stem, runs.filter((run) => !gone.has(String(run)))]
  })
  return Object.fromEntries(left.filter(([, runs]) => runs.length > 0))
}

/** What the lake knows of the shard that a record came from. */
interface Known {
  state: Checkpoint | undefined
  /** Whether a file of its runs has the sequence number. */
  isKept: (sequence: string) => Promise<boolean>
}

type Look = (origin: Again['record']['origin']) => Promise<Known>

/** Looks once at each shard. The checkpoint first: runs that leave it are in a file by then. */
function looksAt(store: ObjectStore): Look {
  const known = new Map<string, Promise<Known>>()
  const look: Look = async (origin) => {
    const held = await readRecord(store, checkpointKey(origin), parseCheckpoint)
    const folder = folderOf(shardStem(origin))
    const keys: string[] = []
    for await (const { key } of store.list(folder)) keys.push(key)
    // Numbers once, and each file once: a batch asks for thousands of records.
    const ends = keys.map((key): [key: string, first: bigint, last: bigint] => {
      const [first = '', last = ''] = key.slice(folder.length).split('-')
      return [key, BigInt(first), BigInt(last)]
    })
    const read = new Map<string, Runs>()
    const isKept = async (sequence: string) => {
      const number = BigInt(sequence)
      for (const [key, first, last] of ends) {
        if (number < first || last < number) continue
        const runs = read.get(key) ?? (await runsOf(store, key))
        read.set(key, runs)
        if (isIn(runs, sequence)) return true
      }
      return false
    }
    return { state: held?.record.state ?? undefined, isKept }
  }
  return (origin) => {
    const found = known.get(shardStem(origin)) ?? look(origin)
    known.set(shardStem(origin), found)
    return found
  }
}

async function runsOf(store: ObjectStore, key: string): Promise<Runs> {
  const found = await store.get(key)
  if (!found) throw new Error(`${key} was removed: nothing may be removed of ${FOLDER}`)
  return JSON.parse(found.body.toString())
}

/**
 * Whether a record was committed where it came from, or can never be any more; else it is kept,
 * and that is said: both its shard and this one might commit it.
 *
 * @param own the checkpoint of the shard that it is put to, with the position that it will have
 */
async function judge(
  look: Look,
  own: Checkpoint,
  { record }: Again,
): Promise<'committed' | 'missing' | Poison> {
  const { origin, sequence, data } = record
  const { state, isKept } = await look(origin)
  const stem = shardStem(origin)
  const isOwn = stem === shardStem(own)
  if (!isOwn && isIn(state?.committed[stem], sequence)) return 'committed'
  if (await isKept(sequence)) return 'committed'
  const isOld = origin.created < own.created
  const { closed = false, position = '' } = (isOwn ? own : state) ?? {}
  const isPast = isOld || closed || compareSequences(sequence, position) <= 0
  if (isPast && origin.stream === own.stream) return 'missing'
  const message =
    `put again while shard ${origin.shard} of stream ${origin.stream} had not gone beyond it: ` +
    'once it has, put its record of the failure back and run `sluice redrive` again'
  return { sequence, origin, line: 1, raw: data, error: { rule: 'too-early', message } }
}
