import type { Duck } from '../duck/duckdb.ts'
import { literal } from '../names.ts'
import { lexicalOf } from '../types/lexical.ts'
import { AT_ONCE, type Candidate, codeBy, type Fact, factsOf, tokenList } from './infer-facts.ts'
import { heldBy } from './infer-forms.ts'

/** A form that most values of a column have. */
export interface Near extends Fact {
  /** Values that are more than a mark of a missing value, and of these those of no such form. */
  given: number
  misfits: number
  /** The misfits, each once, where they are few words: such may say that a value is missing. */
  unlike: string[] | undefined
}

/** So many different misfits may be marks of missing values. */
const NAMED = 3

/** Of each column the candidate that the most values fit, where that is more than two thirds. */
export async function nearest(duck: Duck, all: Candidate[], rows: string): Promise<Near[]> {
  const found: (Candidate & Pick<Near, 'given' | 'misfits'>)[] = []
  for (let i = 0; i < all.length; i += AT_ONCE) {
    found.push(...(await counted(duck, all.slice(i, i + AT_ONCE), rows)))
  }
  const byColumn = Map.groupBy(found, ({ at }) => at)
  const best = [...byColumn.values()].map((some) => {
    return some.reduce((a, b) => (b.misfits < a.misfits ? b : a))
  })
  const near: Near[] = []
  for (const [n, fact] of (await factsOf(duck, best, rows)).entries()) {
    if (codeBy(fact) !== undefined) continue
    const { given, misfits } = best[n]!
    near.push({ ...fact, given, misfits, unlike: await unlike(duck, fact, rows) })
  }
  return near
}

async function counted(duck: Duck, some: Candidate[], rows: string) {
  const columns = [...new Set(some.map(({ at }) => at))].map((at) => `c${at}`)
  const cast = some.map(({ at, field }, n) => `${lexicalOf(field).value(`c${at}`)} AS v${n}`)
  const counts = some.flatMap((one, n) => {
    const x = `c${one.at}`
    const isGiven = `${x} NOT IN (${tokenList})`
    const { all, ...rest } = one.form
    const isExact = exact(one, `v${n}`)
    const isOf = all ? `${isExact} AND regexp_full_match(${x}, ${literal(all)})` : isExact
    const which = `FILTER (${isGiven} AND ${isExact})`
    return [
      `count(*) FILTER (${isGiven})::INTEGER`,
      `count(*) FILTER (${isGiven} AND NOT coalesce(${isOf}, false))::INTEGER`,
      heldBy(rest, x, which),
    ]
  })
  const [answer = []] = await duck.all(`SELECT ${counts.join(',\n')}
    FROM (SELECT ${[...columns, ...cast].join(', ')} FROM ${rows})`)
  return some.flatMap((one, n) => {
    const [given, misfits, isHeld] = answer.slice(3 * n, 3 * n + 3)
    const isNear = isHeld === true && 3 * Number(misfits) < Number(given)
    return isNear ? [{ ...one, given: Number(given), misfits: Number(misfits) }] : []
  })
}

/** Whether a value is one of the type, by the expression that judges it when it is loaded. */
function exact({ at, field }: Candidate, value: string): string {
  return `(${value} IS NOT NULL AND (${lexicalOf(field).exact(`c${at}`, value)}))`
}

async function unlike(duck: Duck, one: Candidate, rows: string): Promise<string[] | undefined> {
  const x = `c${one.at}`
  const found = await duck.all(`SELECT DISTINCT ${x}
    FROM (SELECT ${x}, ${lexicalOf(one.field).value(x)} AS v FROM ${rows})
    WHERE ${x} NOT IN (${tokenList}) AND NOT coalesce(${exact(one, 'v')}, false)
    LIMIT ${NAMED + 1}`)
  const values = found.map(([value]) => String(value)).toSorted()
  const isFew = values.length > 0 && values.length <= NAMED
  return isFew && values.every((value) => /^\D{1,40}$/.test(value)) ? values : undefined
}
