import type { Contract } from '../contract/contract.ts'
import type { ForeignKey } from '../contract/foreign-key.ts'
import type { Database } from '../database/database.ts'
import { tableOf } from '../database/table.ts'
import { notComparable } from '../database/waiting.ts'
import type { Duck } from '../duck/duckdb.ts'
import { identifier, postgresName } from '../names.ts'
import { lexicalOf } from '../types/lexical.ts'

/**
 * Bytes of keys that are asked for at once, each with some more for its number and its quotes:
 * some 20,000 ids, or 600 kB of long texts. A request of the Data API has 4 MiB at most, in which a
 * byte may be written as six (`\u0001`).
 */
const [PAGE, MORE] = [600_000, 20]

/**
 * How many of the accepted rows (the table `planned` of preview.ts) would wait for a parent that is
 * neither in the database nor, where a dataset refers to itself, in the object. Rows of one object
 * that wait only because another of its rows waits are not followed.
 *
 * @throws Refused where a parent's table is of another form than the contract says
 */
export async function orphansIn(
  duck: Duck,
  database: Database,
  contract: Contract,
): Promise<number> {
  const waits: string[] = []
  try {
    for (const [i, key] of contract.foreignKeys.entries()) {
      const table = `absent_${i}`
      await fillAbsent(duck, database, contract, key, table)
      const same = key.fields.map((name, j) => `a.k${j} = p.${identifier(name)}::VARCHAR`)
      waits.push(`EXISTS (SELECT 1 FROM ${table} a WHERE ${same.join(' AND ')})`)
    }
    if (waits.length === 0) return 0
    const [[rows] = []] = await duck.all(`SELECT coalesce(sum(planned_rows), 0)::VARCHAR
      FROM planned p WHERE ${waits.join(' OR ')}`)
    return Number(rows)
  } finally {
    for (const i of contract.foreignKeys.keys()) await duck.run(`DROP TABLE IF EXISTS absent_${i}`)
  }
}

/** Makes a table of the keys, as text, that no parent has. */
async function fillAbsent(
  duck: Duck,
  database: Database,
  contract: Contract,
  key: ForeignKey,
  table: string,
): Promise<void> {
  const own = key.fields.map((name) => `p.${identifier(name)}`)
  const texts = own.map((name, j) => `${name}::VARCHAR AS k${j}`)
  const whole = own.map((name) => `${name} IS NOT NULL`)
  const parents = key.columns.map((name, j) => `q.${identifier(name)} = ${own[j]}`)
  const apart = `NOT EXISTS (SELECT 1 FROM planned q WHERE ${parents.join(' AND ')})`
  const conditions = [...whole, ...(key.dataset === contract.dataset ? [apart] : [])]
  const size = key.fields.map((_, j) => `strlen(k${j}) + ${MORE}`).join(' + ')
  await duck.run(`CREATE OR REPLACE TEMP TABLE ${table} AS
    SELECT *, (sum(${size}) OVER (ORDER BY n) // ${PAGE})::INTEGER AS page
    FROM (SELECT row_number() OVER () AS n, * FROM (SELECT DISTINCT ${texts.join(', ')}
    FROM planned p WHERE ${conditions.join(' AND ')}))`)
  const sql = await lookUp(database, contract, key)
  if (sql === undefined) return
  const keys = key.fields.map((_, j) => `k${j}`).join(', ')
  for (const [page] of await duck.all(`SELECT DISTINCT page FROM ${table}`)) {
    const rows = await duck.all(`SELECT n::INTEGER, ${keys} FROM ${table} WHERE page = ${page}`)
    const columns = rows[0]!.map((_, i) => rows.map((row) => row[i]))
    const found = await database
      .read(sql, columns)
      .catch((error: unknown) => notComparable(error, contract, key))
    const there = found.map(({ n }) => n)
    if (there.length > 0) await duck.run(`DELETE FROM ${table} WHERE n IN (${there.join(', ')})`)
  }
}

/** Which of the given keys the parent has; undefined where there is no such table. */
async function lookUp(
  database: Database,
  contract: Contract,
  key: ForeignKey,
): Promise<string | undefined> {
  const [schema, table] = key.dataset.split('.') as [string, string]
  const parent = tableOf({ schema, table })
  const [found] = await database.query('SELECT to_regclass($1) IS NOT NULL AS there', [parent])
  if (!found?.there) return undefined
  const given = key.fields.map((_, j) => `$${j + 2}::text[]`)
  const same = key.columns.map((name, j) => {
    const field = contract.fields.find((one) => one.name === key.fields[j])!
    return `p.${identifier(postgresName(name))} = k.k${j}::${lexicalOf(field).column}`
  })
  return `SELECT k.n FROM unnest($1::int[], ${given.join(', ')}) AS k(n, ${key.fields
    .map((_, j) => `k${j}`)
    .join(', ')}) WHERE EXISTS (SELECT 1 FROM ${parent} p WHERE ${same.join(' AND ')})`
}
