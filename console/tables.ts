import { identifier } from '../core/names.ts'
import type { Asker } from './asker.ts'
import type { TableRow } from './shapes.ts'

/**
 * What can be asked, as a query names it: `shop.orders`, `windows.till.receipts_revenue`.
 *
 * @param gone whoever asks is there no more
 * @throws what `Asker.ask` throws
 */
export function tablesOf(asker: Asker, gone: AbortSignal): Promise<TableRow[]> {
  return asker.ask(sql, { gone }, async ({ rows }) => {
    const tables: TableRow[] = []
    for await (const row of rows) {
      const [catalog = '', schema = '', table = '', names = '', types = '', words = ''] =
        row as string[]
      const name = nameOf({ catalog, schema, table }, new Set(words.split(' ')))
      const all = JSON.parse(types) as string[]
      const columns = (JSON.parse(names) as string[]).map((one, i) => ({
        name: one,
        type: all[i]!,
      }))
      tables.push({ name, columns })
    }
    return tables.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  })
}

const sql = `SELECT database, schema, name, to_json(column_names), to_json(column_types), (
    SELECT string_agg(keyword_name, ' ') FROM duckdb_keywords()
    WHERE keyword_category <> 'unreserved'
  ) FROM (SHOW ALL TABLES)`

/** A schema of these names could as well be the catalog. */
const catalogs = ['silver', 'events', 'windows', 'quarantine', 'memory', 'main', 'temp', 'system']

function nameOf(
  { catalog, schema, table }: Record<'catalog' | 'schema' | 'table', string>,
  words: Set<string>,
): string {
  const isClear = catalog === 'silver' && !catalogs.includes(schema)
  const parts = [...(isClear ? [] : [catalog]), ...(schema === 'main' ? [] : [schema]), table]
  const isPlain = (part: string) => /^[a-z_][a-z0-9_]*$/.test(part) && !words.has(part)
  return parts.map((part) => (isPlain(part) ? part : identifier(part))).join('.')
}
