import { Conditions } from './conditions.ts'
import type { Database } from './database.ts'
import { type RejectState, WAITS } from './reject-list.ts'
import { countRules, MAX_RULES, type RuleCount } from './reject-rules.ts'

/** How many records of a ledger were rejected, or wait: by dataset, and by rule and field. */

export interface FacetsAsked {
  state: RejectState
  dataset?: string | undefined
  /** A key. */
  object?: string | undefined
}

export interface LedgerFacets {
  /** Of all datasets, whichever is asked for: the most first. */
  datasets: { dataset: string; records: number }[]
  /**
   * The most frequent ones. Of what was rejected they are counted as the objects were loaded, what
   * is mended since among them; of what is mended, that alone.
   */
  rules: RuleCount[]
  /** Records that are not among those of the rules, as counting them would take too long. */
  uncounted: number
}

export async function ledgerFacets(
  database: Database,
  lake: string,
  asked: FacetsAsked,
): Promise<LedgerFacets> {
  const [datasets, rules] = await Promise.all([
    datasetsIn(database, lake, asked),
    rulesIn(database, lake, asked),
  ])
  return { datasets, ...rules }
}

/** Objects that have such records: only they are looked at, by an index of theirs. */
function which(lake: string, { state, dataset, object }: FacetsAsked): Conditions {
  return new Conditions()
    .on(lake, (name) => `lake = ${name}`)
    .and(`rejected + waiting + mended > 0 AND ${state} > 0`)
    .on(dataset, (name) => `dataset = ${name}`)
    .on(object, (name) => `key = ${name}`)
}

async function datasetsIn(
  database: Database,
  lake: string,
  { state, object }: FacetsAsked,
): Promise<LedgerFacets['datasets']> {
  const all = which(lake, { state, object })
  const rows = await database.read(
    `SELECT dataset, sum(${state})::bigint AS records FROM sluice.objects
     WHERE ${all} AND dataset IS NOT NULL GROUP BY dataset ORDER BY 2 DESC, 1`,
    all.values,
  )
  return rows as unknown as LedgerFacets['datasets']
}

function rulesIn(
  database: Database,
  lake: string,
  asked: FacetsAsked,
): Promise<Omit<LedgerFacets, 'datasets'>> {
  if (asked.state === 'rejected') return rejectedRules(database, lake, asked)
  if (asked.state === 'mended') return countedRules(database, lake, asked, 'true', MENDED)
  return waitingRules(database, lake, asked)
}

/** Whatever waits, waits for a parent. */
async function waitingRules(database: Database, lake: string, asked: FacetsAsked) {
  const all = which(lake, asked)
  const sql = `SELECT coalesce(sum(waiting), 0)::bigint AS records FROM sluice.objects WHERE ${all}`
  const [row] = await database.read(sql, all.values)
  const records = row?.records as number
  const rules = records > 0 ? [{ rule: WAITS, field: null, records }] : []
  return { rules, uncounted: 0 }
}

/** By what is noted of each object; what an earlier Sluice has loaded is counted beside that. */
async function rejectedRules(database: Database, lake: string, asked: FacetsAsked) {
  const all = which(lake, asked)
  const noted = database.read(
    `SELECT r.rule, r.field, sum(r.records)::bigint AS records
     FROM sluice.objects, jsonb_to_recordset(rules) AS r (rule text, field text, records bigint)
     WHERE ${all} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT ${MAX_RULES}`,
    all.values,
  ) as Promise<unknown> as Promise<RuleCount[]>
  const older = await countedRules(database, lake, asked, 'rules IS NULL', OLDER)
  return { ...older, rules: added([...(await noted), ...older.rules]) }
}

/** About so many rejects, of the newest objects, are counted each time that somebody asks. */
const [OLDER, MENDED] = [50_000, 100_000]

/** @param also which of the objects that have such records */
async function countedRules(
  database: Database,
  lake: string,
  asked: FacetsAsked,
  also: string,
  most: number,
): Promise<Omit<LedgerFacets, 'datasets'>> {
  const all = which(lake, asked)
  const [row] = await database.read(
    `SELECT coalesce(json_agg(id) FILTER (WHERE before < ${most}), '[]') AS ids,
       coalesce(sum(n) FILTER (WHERE before < ${most}), 0)::bigint AS counted,
       coalesce(sum(n), 0)::bigint AS records
     FROM (
       SELECT id, ${asked.state} AS n,
         sum(rejected + mended) OVER (ORDER BY id DESC) - rejected - mended AS before
       FROM sluice.objects WHERE ${all} AND ${also}
     ) AS o`,
    all.values,
  )
  const { ids, counted, records } = row as { ids: number[]; counted: number; records: number }
  const rules = await countRules(database, ids, asked.state === 'mended')
  return { rules: rules ?? [], uncounted: rules ? records - counted : records }
}

function added(rules: RuleCount[]): RuleCount[] {
  const byName = Map.groupBy(rules, ({ rule, field }) => JSON.stringify([rule, field]))
  const sums = [...byName.values()].map((all) => {
    return { ...all[0]!, records: all.reduce((sum, { records }) => sum + records, 0) }
  })
  return sums.toSorted((a, b) => b.records - a.records).slice(0, MAX_RULES)
}
