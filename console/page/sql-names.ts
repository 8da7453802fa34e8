import type { TableRow } from '../shapes.ts'

/** Names and queries that are offered beside the box. */

/** Words that DuckDB reads as its own where they are not quoted. */
const reserved = new Set(
  `all analyse analyze and any array as asc asymmetric both case cast check collate column
   constraint create default deferrable desc describe distinct do else end except false fetch for
   foreign from group having in initially intersect into lambda lateral leading limit not null
   offset on only or order pivot pivot_longer pivot_wider placing primary qualify references
   returning select show some summarize symmetric table then to trailing true union unique unpivot
   using variadic when where window with`.split(/\s+/),
)

/** `order id` → `"order id"`; what needs no quotes has none. */
export function quotedName(name: string): string {
  const isPlain = /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name)
  return isPlain ? name : `"${name.replaceAll('"', '""')}"`
}

export interface Example {
  label: string
  sql: string
}

const catalogs = ['silver', 'events', 'windows', 'quarantine']

/** `windows.till.receipts_sales` → `windows`; `shop.orders`, which needs none, is of `silver`. */
export function catalogOf({ name }: TableRow): string {
  return catalogs.find((catalog) => name.startsWith(`${catalog}.`)) ?? 'silver'
}

/** Questions that can be asked of these very tables. */
export function examplesOf(tables: TableRow[]): Example[] {
  const found = (catalog: string) => tables.find((table) => catalogOf(table) === catalog)
  const [silver, windows] = [found('silver'), found('windows')]
  const rejects = tables.find(
    ({ name, columns }) =>
      /^quarantine\.(?!_unknown$)/.test(name) && columns.some((column) => column.name === 'errors'),
  )
  return [
    { label: 'What can be asked', sql: 'SHOW ALL TABLES' },
    silver && { label: 'Rows', sql: `SELECT *\nFROM ${silver.name}\nLIMIT 100` },
    silver && { label: 'Columns', sql: `SUMMARIZE ${silver.name}` },
    rejects && { label: 'Rejects by rule', sql: rejectsByRule(rejects.name) },
    windows && { label: 'Windows', sql: windowSums(windows) },
  ].filter((example) => example !== undefined)
}

function rejectsByRule(table: string): string {
  return `SELECT error.rule, error.field, count(*) AS records
FROM ${table}, unnest(errors) AS one(error)
GROUP BY ALL
ORDER BY records DESC`
}

/** A sum for each window, of what can be added up. */
function windowSums({ name, columns }: TableRow): string {
  const added = columns.filter(({ type }) => /INT|DECIMAL|DOUBLE/.test(type)).slice(0, 2)
  const sums = added.map((column) => {
    const quoted = quotedName(column.name)
    return `sum(${quoted}) AS ${quoted}`
  })
  return `SELECT ${['window_start', ...sums].join(', ')}
FROM ${name}
GROUP BY ALL
ORDER BY ALL`
}

/** Tables by what they are of. */
export function catalogsOf(tables: TableRow[]): [string, TableRow[]][] {
  const byCatalog = Map.groupBy(tables, catalogOf)
  return catalogs.flatMap((catalog) => {
    const some = byCatalog.get(catalog)
    return some ? [[catalog, some]] : []
  })
}
