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
  const isOfRejects = asked.state === 'rejected'
  const [sums, noted] = await Promise.all([
    sumsOf(database, lake, asked),
    isOfRejects ? notedRules(database, lake, asked) : [],
  ])
  const own = sums.filter(({ dataset }) => !asked.dataset || dataset === asked.dataset)
  const count = (of: 'records' | 'older') => own.reduce((sum, one) => sum + one[of], 0)
  const datasets = sums.map(({ dataset, records }) => ({ dataset, records }))
  if (asked.state === 'waiting') {
    const [records, field] = [count('records'), null]
    return { datasets, rules: records > 0 ? [{ rule: WAITS, field, records }] : [], uncounted: 0 }
  }
  // What an earlier Sluice has loaded is counted now, beside what is noted.
  const isLeft = count(isOfRejects ? 'older' : 'records') > 0
  if (!isLeft) return { datasets, rules: noted, uncounted: 0 }
  const { rules, uncounted } = await countedRules(database, lake, asked)
  return { datasets, rules: added([...noted, ...rules]), uncounted }
}

/** Objects that have such records: only they are looked at, by an index of theirs. */
function which(lake: string, { state, dataset, object }: FacetsAsked): Conditions {
  return new Conditions()
    .on(lake, (name) => `lake = ${name}`)
    .and(`rejected + waiting + mended > 0 AND ${state} > 0`)
    .on(dataset, (name) => `dataset = ${name}`)
    .on(object, (name) => `key = ${name}`)
}

/** By dataset, all of them: records, and those of objects whose rules are not noted. */
async function sumsOf(database: Database, lake: string, { state, object }: FacetsAsked) {
  const all = which(lake, { state, object })
  const rows = await database.read(
    `SELECT dataset, sum(${state})::bigint AS records,
       coalesce(sum(${state}) FILTER (WHERE rules IS NULL), 0)::bigint AS older
     FROM sluice.objects WHERE ${all} AND dataset IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1`,
    all.values,
  )
  return rows as unknown as { dataset: string; records: number; older: number }[]
}

async function notedRules(database: Database, lake: string, asked: FacetsAsked) {
  const all = which(lake, asked)
  const rows = await database.read(
    `SELECT r.rule, r.field, sum(r.records)::bigint AS records
     FROM sluice.objects, jsonb_to_recordset(rules) AS r (rule text, field text, records bigint)
     WHERE ${all} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT ${MAX_RULES}`,
    all.values,
  )
  return rows as unknown as RuleCount[]
}

/** About so many rejects, of the newest objects, are counted each time that somebody asks. */
const MOST = 50_000

/** Of what is mended, or of what is rejected and not noted. */
async function countedRules(
  database: Database,
  lake: string,
  asked: FacetsAsked,
): Promise<Pick<LedgerFacets, 'rules' | 'uncounted'>> {
  const isMended = asked.state === 'mended'
  const all = which(lake, asked)
  const [row] = await database.read(
    `SELECT coalesce(json_agg(id) FILTER (WHERE before < ${MOST}), '[]') AS ids,
       coalesce(sum(n) FILTER (WHERE before < ${MOST}), 0)::bigint AS counted,
       coalesce(sum(n), 0)::bigint AS records
     FROM (
       SELECT id, ${asked.state} AS n,
         sum(rejected + mended) OVER (ORDER BY id DESC) - rejected - mended AS before
       FROM sluice.objects WHERE ${all} ${isMended ? '' : 'AND rules IS NULL'}
     ) AS o`,
    all.values,
  )
  const { ids, counted, records } = row as { ids: number[]; counted: number; records: number }
  const rules = await countRules(database, ids, isMended)
  return { rules: rules ?? [], uncounted: rules ? records - counted : records }
}

function added(rules: RuleCount[]): RuleCount[] {
  const byName = Map.groupBy(rules, ({ rule, field }) => JSON.stringify([rule, field]))
  const sums = [...byName.values()].map((all) => {
    return { ...all[0]!, records: all.reduce((sum, { records }) => sum + records, 0) }
  })
  return sums.toSorted((a, b) => b.records - a.records).slice(0, MAX_RULES)
}
