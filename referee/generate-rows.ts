import type { Column, Schema } from './generate-schema.ts'
import type { Random } from './random.ts'

/**
 * Rows of literals that fit a schema, as far as a generator can tell: the referee and Sluice are
 * asked what they say of each, not this file.
 *
 * @param rowsOf the rows of the parents, by their column
 */
export function makeRows(
  random: Random,
  schema: Schema,
  rowsOf: Map<Column, string[]>,
): string[][] {
  const size = random.pick([0, 1, 3, random.int(2, 30), random.int(2, 30), random.int(30, 200)])
  const start = random.int(0, 500)
  const rows: string[][] = []
  for (let n = 0; n < size; n++) {
    rows.push(schema.columns.map((column) => cellOf(random, column, start + n, rowsOf)))
    // A row that refers to its own table sees those before it.
    for (const [i, column] of schema.columns.entries()) {
      rowsOf.set(column, [...(rowsOf.get(column) ?? []), rows.at(-1)![i]!])
    }
  }
  return rows
}

function cellOf(random: Random, column: Column, n: number, rowsOf: Map<Column, string[]>): string {
  const { constraints } = column.field as { constraints?: { required?: boolean; enum?: unknown[] } }
  if (column.distinct) return column.kind.nth!(n)
  const parents = column.parent && rowsOf.get(column.parent)
  if (parents && parents.length > 0) return random.pick(parents)
  if (column.parent?.kind.nth && parents === undefined) return column.parent.kind.nth(n)
  const isNeeded = constraints?.required || column.key
  if (column.missing.length > 0 && random.chance(isNeeded ? 0.005 : 0.1)) {
    return random.pick(column.missing)
  }
  if (constraints?.enum && random.chance(0.99)) return String(random.pick(constraints.enum))
  return random.chance(constraints ? 0.98 : 0.8)
    ? random.pick(column.pool)
    : column.kind.good(random)
}
