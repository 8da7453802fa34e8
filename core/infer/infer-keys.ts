import type { Duck } from '../duck/duckdb.ts'
import { fileLiteral, literal } from '../names.ts'
import type { FoundField, Values } from './infer-types.ts'

/** Types whose values may name a row. A day may, an amount does not. */
const nameable = ['string', 'integer', 'date', 'datetime']
/** So many single columns are looked at, and so many of the first ones in pairs. */
const SINGLE = 12
const PAIRED = 4
const TOLD = 4

/**
 * Candidates for a primary key: columns, else pairs of columns, that are never missing and stand
 * once in a file; those named like an id first, then those further left.
 */
export async function inferKeys(
  duck: Duck,
  { path, names }: Values,
  fields: FoundField[],
): Promise<string[][]> {
  const never = await neverMissing(duck, path, fields)
  const ordered = never.toSorted((a, b) => rank(names[a]!) - rank(names[b]!) || a - b)
  const unique: number[][] = []
  for (const at of ordered.slice(0, SINGLE)) {
    if (unique.length < TOLD && (await isUnique(duck, path, [at], fields))) unique.push([at])
  }
  if (unique.length === 0) {
    for (const pair of pairsOf(ordered.slice(0, PAIRED))) {
      if (unique.length < TOLD && (await isUnique(duck, path, pair, fields))) unique.push(pair)
    }
  }
  return unique.map((key) => key.map((at) => names[at]!))
}

async function neverMissing(duck: Duck, path: string, fields: FoundField[]): Promise<number[]> {
  const able = fields.flatMap(({ type, missingValues }, at) =>
    nameable.includes(type) && !missingValues ? [at] : [],
  )
  const some = able.slice(0, 200)
  if (some.length === 0) return []
  const counts = some.map((at) => `count(*) > 1 AND count(c${at}) = count(*)`)
  const [full = []] = await duck.all(`SELECT ${counts.join(', ')} FROM ${reader(path)}`)
  return some.filter((_, i) => full[i] === true)
}

const reader = (path: string) => `read_parquet(${fileLiteral(path)})`

function rank(name: string): number {
  if (/^(id|key|uuid|guid)$/i.test(name)) return 0
  return /(^|[^a-z])(id|key|uuid|guid|number|no|code)$/i.test(name) || /[a-z]I[dD]$/.test(name)
    ? 1
    : 2
}

/** Of values, not of their texts: `1` and ` 1` are one integer. */
async function isUnique(duck: Duck, path: string, key: number[], fields: FoundField[]) {
  const parts = key.map((at) => {
    const { type, format, groupChar } = fields[at]!
    if (format) return `try_strptime(c${at}, ${literal(format)})`
    return type === 'integer' && !groupChar ? `TRY_CAST(c${at} AS BIGINT)` : `c${at}`
  })
  const twice = await duck.all(`SELECT 1 FROM ${reader(path)}
    GROUP BY ${parts.join(', ')} HAVING count(*) > 1 LIMIT 1`)
  return twice.length === 0
}

function pairsOf(columns: number[]): [number, number][] {
  return columns.flatMap((a, i) => columns.slice(i + 1).map((b): [number, number] => [a, b]))
}
