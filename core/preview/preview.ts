import { fileStem, folderOf } from '../commit/manifest.ts'
import { type Governing, govern } from '../contract/catalog.ts'
import type { Contract } from '../contract/contract.ts'
import { checkClaim } from '../database/claim.ts'
import type { Database } from '../database/database.ts'
import { tableChanges, tableOf } from '../database/table.ts'
import type { Duck } from '../duck/duckdb.ts'
import { Refused } from '../errors.ts'
import { heldUnproposed, heldWithout, heldWithProposal } from '../held.ts'
import { folderOfKey } from '../infer/proposal.ts'
import { type BrokenRule, brokenRules } from '../judge/broken-rules.ts'
import { partitionValue } from '../judge/plan.ts'
import { ratioRefusal } from '../judge/reject-ratio.ts'
import { type Sink, type Verdict, validate } from '../judge/validate.ts'
import type { Lake } from '../lake.ts'
import { ingestCommand, reasonOf } from '../limit.ts'
import { identifier } from '../names.ts'
import { type Counts, none } from '../outcome.ts'
import type { ObjectVersion } from '../store/object-store.ts'
import { decide } from '../take.ts'
import { textSize } from '../text/plain-text.ts'
import { orphansIn } from './preview-orphans.ts'
import { foreseen } from './preview-proposed.ts'
import { inPostgresAlone, settled, settledAs, settledBefore } from './preview-settled.ts'

/** What would become of an object that were taken now. */
export interface Preview extends Counts {
  object: string
  dataset: string | undefined
  /** The key of the descriptor that governs it. */
  contract: string | undefined
  /** Of what would be held: the key of the proposal that it was judged by. */
  proposal?: string | undefined
  would: 'load' | 'refuse' | 'hold' | 'ignore' | 'change nothing'
  /**
   * Why it would not be loaded; of what would be, what is unexpected in its header. Of what is
   * loaded by an earlier contract, what that of today would make of it, as is all that follows.
   */
  reason: string | undefined
  /** Of every rule and field that records break. */
  rules: BrokenRule[]
  table: PreviewTable | undefined
  /** By folder of Silver; then of quarantine, where anything is rejected. */
  files: { folder: string; name: string; rows: number }[]
}

export interface PreviewTable {
  name: string
  /** undefined where no database was there to look at. */
  exists: boolean | undefined
  /** What makes it, or what has to be run by hand before it takes the rows; empty where it fits. */
  statements: string[]
}

/** What is looked at: an object of the lake, or a file that might become one under that key. */
export interface Candidate {
  version: ObjectVersion
  /** The file, where it stands outside of the lake. */
  path?: string
}

/**
 * Judges an object as the stages would, by the contract that governs its key, and writes nothing:
 * not to the lake, and not to the database.
 *
 * @param database where the table and the parents are looked for; without it nothing waits
 * @throws a fault of store, database or disk; Busy where the object changed while it was read
 */
export async function preview(
  lake: Lake,
  database: Database | undefined,
  candidate: Candidate,
): Promise<Preview> {
  const { version } = candidate
  const { store } = lake
  const governing = await govern(store, version.key)
  const isOfLake = candidate.path === undefined
  const before = isOfLake ? await settledAs(store, database, version, governing) : undefined
  if (before?.silver && before.contract === governing.hash) {
    return { ...nothingOf(version.key, governing), would: 'change nothing', reason: settled }
  }
  const today = await byContractOfToday(lake, database, candidate, governing)
  if (!before) return today
  if (before.silver) {
    const reason = settledBefore(store, version.key, governing, today)
    return { ...today, would: 'change nothing', reason }
  }
  const reason = today.reason === undefined ? '' : `; ${today.reason}`
  return { ...today, reason: `${inPostgresAlone}${reason}` }
}

async function byContractOfToday(
  lake: Lake,
  database: Database | undefined,
  candidate: Candidate,
  governing: Governing,
): Promise<Preview> {
  const { version } = candidate
  const elsewhere = ingestCommand(lake.store.url, version.key)
  const decision = decide(version, governing, undefined, elsewhere)
  if (decision.what === 'held' && decision.proposes) {
    return heldPreview(lake, candidate, nothingOf(version.key, governing))
  }
  if (decision.what !== 'load') {
    const would = words[decision.what]
    return { ...nothingOf(version.key, governing), would, reason: reasonIn(decision) }
  }
  const { contract } = decision
  let table: PreviewTable | undefined
  try {
    if (database) await checkClaim(database, lake.store.url, contract)
    table = await previewTable(database, contract)
    return await judged(lake, database, candidate, contract, table)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const reason = reasonOf(error, elsewhere)
    return { ...nothingOf(version.key, governing), table, would: 'refuse', reason }
  }
}

/** What is held, judged by what is proposed for it. */
async function heldPreview(lake: Lake, candidate: Candidate, nothing: Preview): Promise<Preview> {
  const held = { ...nothing, would: 'hold' as const }
  const folder = folderOfKey(candidate.version.key)
  try {
    const found = await foreseen(lake, candidate)
    if ('why' in found) return { ...held, reason: heldWithout(found.why) }
    const { contract, isThere } = found
    const reason = isThere ? heldWithProposal(folder) : heldUnproposed(folder)
    const { rules, ...counts } = await judged(lake, undefined, candidate, contract, undefined)
    const { records, accepted, rejected } = counts
    return { ...held, reason, proposal: contract.file, rules, records, accepted, rejected }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return { ...held, reason: `${heldWithProposal(folder)}; it would be refused: ${error.message}` }
  }
}

const words = {
  held: 'hold',
  refused: 'refuse',
  'too-large': 'refuse',
  ignored: 'ignore',
  unchanged: 'ignore',
} as const

function reasonIn(decision: { what: string; reason?: string }): string | undefined {
  return decision.reason ?? 'no contract names it, and it is no CSV'
}

function nothingOf(object: string, { dataset, contract }: Governing): Preview {
  const made = { object, dataset, contract: contract?.file, would: 'ignore' as const }
  return { ...made, reason: undefined, rules: [], table: undefined, files: [], ...none }
}

async function previewTable(
  database: Database | undefined,
  contract: Contract,
): Promise<PreviewTable> {
  const changes = await tableChanges(database?.query, contract)
  const exists = database ? changes.exists : undefined
  return { name: tableOf(contract), exists, statements: changes.statements }
}

async function judged(
  { store, withScratch }: Lake,
  database: Database | undefined,
  { version, path }: Candidate,
  contract: Contract,
  table: PreviewTable | undefined,
): Promise<Preview> {
  return withScratch(
    textSize(version),
    async (folder, duck) => {
      const copy = path === undefined ? await store.open(version) : undefined
      try {
        const { key } = version
        // Also of too many rejects it is told which, and why.
        const lenient = { ...contract, maxRejectRatio: 1 }
        const task = { duck, contract: lenient, path: path ?? copy!.path, key, folder }
        const verdict = await validate(task, sinkOf(duck, contract))
        await copy?.verify()
        const rules = await brokenRules(duck, verdict)
        const waiting = database ? await orphansIn(duck, database, contract) : 0
        const files = await filesOf(duck, version, contract, verdict)
        const { records, accepted, rejected } = verdict
        const { dataset, file } = contract
        const said = { object: key, dataset, contract: file, rules, table, records, rejected }
        const refusal = ratioRefusal(rejected, records, contract)
        if (refusal !== undefined) {
          const nothing = { accepted: 0, waiting: 0, files: [] }
          return { ...said, ...nothing, would: 'refuse' as const, reason: refusal }
        }
        const reason = verdict.drift.length > 0 ? verdict.drift.join('; ') : undefined
        const goes = { accepted: accepted - waiting, waiting, files }
        return { ...said, ...goes, would: 'load' as const, reason }
      } finally {
        await copy?.release()
        await duck.run('DROP TABLE IF EXISTS planned')
      }
    },
    contract.fields.length,
  )
}

/**
 * Of the accepted rows, how many there are of each folder and each parent that they name: the table
 * `planned` with columns p0, p1, … of folders, the fields of foreign keys, and `planned_rows`.
 */
function sinkOf(duck: Duck, contract: Contract): Sink {
  const folders = contract.partitionBy.map((one, i) => `${partitionValue(one)} AS p${i}`)
  const keys = contract.foreignKeys.flatMap((key) => {
    const own = key.dataset === contract.dataset ? key.columns : []
    return [...key.fields, ...own]
  })
  const fields = [...new Set(keys)].map((name) => identifier(name))
  const columns = [...folders, ...fields]
  return async (select) => {
    await duck.run(`CREATE OR REPLACE TEMP TABLE planned AS
      SELECT ${[...columns, 'count(*) AS planned_rows'].join(', ')} FROM (${select}) GROUP BY ALL`)
    const [[rows] = []] = await duck.all('SELECT coalesce(sum(planned_rows), 0) FROM planned')
    return Number(rows)
  }
}

/** Where the rows go; a file's name ends in the epoch of its commit, and a number. */
async function filesOf(
  duck: Duck,
  version: ObjectVersion,
  contract: Contract,
  { rejected, accepted }: Verdict,
): Promise<Preview['files']> {
  const name = `${fileStem(version, contract.hash)}-*.parquet`
  const values = contract.partitionBy.map((_, i) => {
    return `coalesce(url_encode(p${i}), '__HIVE_DEFAULT_PARTITION__')`
  })
  const names = contract.partitionBy.map((one) => encodeURIComponent(one.name))
  const rows = await duck.all(`SELECT ${[...values, 'sum(planned_rows)::VARCHAR'].join(', ')}
    FROM planned GROUP BY ALL ORDER BY ALL`)
  const silver = folderOf('silver', contract.dataset)
  const files = (accepted > 0 ? rows : []).map((row) => {
    const parts = names.map((one, i) => `${one}=${row[i]}`)
    return { folder: [silver, ...parts].join('/'), name, rows: Number(row.at(-1)) }
  })
  if (rejected === 0) return files
  return [...files, { folder: folderOf('quarantine', contract.dataset), name, rows: rejected }]
}
