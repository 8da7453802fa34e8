import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Goal } from '../commit/commit.ts'
import { writeRows, writtenFiles } from '../commit/parquet.ts'
import type { Quarantine } from '../commit/quarantine.ts'
import type { Advanced } from '../contract/window.ts'
import type { Duck } from '../duck/duckdb.ts'
import { partitionValue } from '../judge/plan.ts'
import { identifier } from '../names.ts'
import type { Checkpoint } from './checkpoint.ts'
import {
  eventsFolder,
  footerOption,
  nameOf,
  quarantineFolder,
  UNKNOWN,
  windowFolder,
} from './stream-files.ts'
import { advanceDataset, closeUntil, type Draft, type Windows } from './stream-windows.ts'

export interface Step {
  duck: Duck
  /** An empty folder of its own. */
  folder: string
  before: Checkpoint
  /** The sequence numbers of the records that are committed. */
  slice: { first: string; last: string }
  now: Date
}

/** Judged rows, and what else is known after them. */
export interface Judged {
  drafts: Map<string, Draft>
  /** Of records of no dataset. */
  unknown: Quarantine
  objects: Checkpoint['objects']
  poison: number
  /** Groups of open windows above which partials are written early. */
  limit: number
}

type File = Goal<Checkpoint>['files'][number]
interface Made {
  path: string
  folder: string
}

/** What is to be written, when the state that every footer carries is known; and how many files. */
interface Plan {
  datasets: Checkpoint['datasets']
  writers: ((metadata: string) => Promise<Made[]>)[]
  files: number
}

/**
 * Turns judged rows into the files and the state of the next commit.
 *
 * @param tables where the names of temporary tables are added, which the caller drops
 */
export async function goalOfRows(
  step: Step,
  judged: Judged,
  tables: string[],
): Promise<Goal<Checkpoint>> {
  const { before, duck } = step
  const plan: Plan = { datasets: { ...before.datasets }, writers: [], files: 0 }
  for (const [dataset, draft] of judged.drafts) {
    const view = `accepted_${tables.length}`
    await duck.run(`CREATE OR REPLACE TEMP VIEW ${view} AS ${selectOf(draft)}`)
    tables.push(view)
    const standing = before.datasets[dataset]
    const { limit } = judged
    planWindows(
      step,
      plan,
      dataset,
      await advanceDataset(duck, limit, standing, draft, view, tables),
    )
    if (draft.accepted > 0) {
      plan.files += await eventFiles(step, draft, view)
      plan.writers.push((metadata) => writeEvents(step, dataset, draft, view, metadata))
    }
    planRejects(step, plan, dataset, draft.quarantine)
  }
  planRejects(step, plan, UNKNOWN, judged.unknown)
  const { objects, poison } = judged
  return written(step, plan, { objects, poison: before.poison + poison })
}

/**
 * Closes the windows of some datasets up to a time each, and takes over what else is changed.
 *
 * @param tables where the names of temporary tables are added, which the caller drops
 */
export async function goalOfTime(
  step: Step,
  until: Map<string, bigint>,
  changes: Partial<Checkpoint>,
  tables: string[],
): Promise<Goal<Checkpoint>> {
  const plan: Plan = { datasets: { ...step.before.datasets }, writers: [], files: 0 }
  for (const [dataset, time] of until) {
    const standing = step.before.datasets[dataset]
    if (!standing) continue
    planWindows(step, plan, dataset, await closeUntil(step.duck, standing, time, tables))
  }
  return written(step, plan, changes)
}

/** Writes all files locally; their names in the lake come with the epoch. */
async function written(
  step: Step,
  { datasets, files, writers }: Plan,
  changes: Partial<Checkpoint>,
): Promise<Goal<Checkpoint>> {
  const { before, slice, folder, now } = step
  const commit = before.commit + 1
  const moved = { commit, position: slice.last, updated: now.toISOString(), datasets }
  const state: Checkpoint = { ...before, ...moved, ...changes }
  await mkdir(folder, { recursive: true })
  const metadata = footerOption({ files: files || 0, checkpoint: state })
  const made: Made[] = []
  for (const write of writers) made.push(...(await write(metadata)))
  return { state, replaces: false, files: named(step, made) }
}

function planWindows(step: Step, plan: Plan, dataset: string, { state, closed }: Windows): void {
  plan.datasets[dataset] = state
  for (const { name, advanced } of closed) {
    plan.files++
    plan.writers.push((metadata) => writePartials(step, dataset, name, advanced, metadata))
  }
}

function planRejects(step: Step, plan: Plan, dataset: string, quarantine: Quarantine): void {
  if (quarantine.count === 0) return
  plan.files++
  plan.writers.push((metadata) => writeQuarantine(step, dataset, quarantine, metadata))
}

function named({ before, slice }: Step, made: Made[]): File[] {
  const name = nameOf(before, slice)
  return made.map(({ path, folder }, i) => ({
    path,
    key: (epoch) => `${folder}/${name(i)(epoch)}`,
  }))
}

function selectOf({ contract, tables }: Draft): string {
  const fields = contract.fields.map(({ name }) => identifier(name)).join(', ')
  if (tables.length > 0) return tables.map((t) => `SELECT ${fields} FROM ${t}`).join(' UNION ALL ')
  return `SELECT ${contract.fields.map(({ name }) => `NULL AS ${identifier(name)}`)} WHERE false`
}

/** @returns NaN where it cannot be told before: DuckDB keeps no more than a hundred folders open */
async function eventFiles({ duck }: Step, { contract }: Draft, view: string): Promise<number> {
  const { partitionBy } = contract
  if (partitionBy.length === 0) return 1
  const values = partitionBy.map((one, i) => `${partitionValue(one)} AS p${i}`)
  const [[count = 0] = []] = await duck.all(
    `SELECT count(*) FROM (SELECT DISTINCT ${values.join(', ')} FROM ${view})`,
  )
  return Number(count) < 100 ? Number(count) : Number.NaN
}

let made = 0

async function writePartials(
  { duck, folder }: Step,
  dataset: string,
  window: string,
  { select }: Advanced,
  metadata: string,
): Promise<Made[]> {
  const path = join(folder, `partials-${made++}.parquet`)
  await duck.run(`COPY (${select}) TO '${path}' (FORMAT parquet, COMPRESSION zstd${metadata})`)
  return [{ path, folder: windowFolder(dataset, window) }]
}

async function writeEvents(
  { duck, folder }: Step,
  dataset: string,
  { contract }: Draft,
  view: string,
  metadata: string,
): Promise<Made[]> {
  const out = join(folder, `events-${made++}`)
  await writeRows(duck, `FROM ${view}`, contract, out, metadata)
  const base = eventsFolder(dataset)
  return writtenFiles(out, contract).map(({ path, folder: below }) => {
    return { path, folder: below ? `${base}/${below}` : base }
  })
}

async function writeQuarantine(
  { duck, folder, before }: Step,
  dataset: string,
  quarantine: Quarantine,
  metadata: string,
): Promise<Made[]> {
  const path = join(folder, `rejected-${made++}.parquet`)
  await quarantine.write(duck, before, path, metadata)
  return [{ path, folder: quarantineFolder(dataset) }]
}

/** Views first, as the tables stand below them. */
export async function dropAll(duck: Duck, tables: string[]): Promise<void> {
  for (const name of tables.toReversed()) {
    const kind = name.startsWith('accepted_') ? 'VIEW' : 'TABLE'
    await duck.run(`DROP ${kind} IF EXISTS ${name}`)
  }
}
