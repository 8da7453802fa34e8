import type { Annotated } from './annotate.ts'
import { type Check, checksOf } from './constraint.ts'
import type { Contract, Partition } from './contract.ts'
import type { Field } from './field.ts'
import type { Layout } from './header.ts'
import { lexicalOf } from './lexical.ts'
import { identifier, literal } from './names.ts'
import { MAX_RECORD } from './rejects.ts'

/**
 * The one plan: SQL made of a contract, that reads all cells as text, and says which records hold
 * and what their values are. The same expressions serve the fast way and the exact one.
 */
export class Plan {
  readonly contract: Contract
  readonly #layout: Layout
  readonly checks: Check[]

  constructor(contract: Contract, layout: Layout) {
    this.contract = contract
    this.#layout = layout
    this.checks = layout.fields.flatMap((field, i) => checksOf(field, contract, x(i), v(i)))
  }

  /**
   * The object's own text, where nothing in it is unusual. Cells are x0, x1, …; values v0, v1, …
   */
  plainSource(path: string, lineEnd: 'lf' | 'crlf'): string {
    return this.#typed(
      csv(path, this.contract.dialect.delimiter, lineEnd, this.#texts(), {
        header: this.contract.dialect.header,
        empty: this.contract.missingValues.includes(''),
      }),
      [],
    )
  }

  /** The annotated text: each record with its place, and the number of cells that it had. */
  annotatedSource({ path, delimiter, longest }: Annotated): string {
    const columns = { ...provenance, ...this.#texts() }
    const empty = this.contract.missingValues.includes('')
    const read = csv(path, delimiter, 'lf', columns, { header: false, empty, longest })
    return this.#typed(read, Object.keys(provenance))
  }

  /**
   * The values of every record that holds, or an error at the first that does not; `quick`: also at
   * one that holds in an unusual form, by a statement that takes half the time to be planned.
   */
  strict(source: string, quick: boolean): string {
    const checks = this.checks.map((check) => (quick ? (check.quick ?? check.ok) : check.ok))
    const all = [this.#notBlank(), ...checks]
    const when = `CASE WHEN ${all.join('\n AND ')} THEN true ELSE error('a record is rejected') END`
    return `SELECT ${this.#values([])} FROM (${source}) WHERE ${when}`
  }

  /** Place and errors (a list of structs) of every record that does not hold. */
  wrong(source: string): string {
    const width = this.#layout.fields.length
    const errors = [
      cellError('extra-cell', `"cells" > ${width}`, width),
      cellError('missing-cell', `"cells" < ${width}`, width),
      ...this.checks.map(errorOf),
    ]
    const blank = `[${struct("'blank-row'", 'NULL', 'NULL', "'every cell is missing'")}]`
    const told = `CASE WHEN ${this.#notBlank()} THEN list_filter([${errors.join(',\n')}],
      lambda e: e IS NOT NULL) ELSE ${blank} END`
    const place = Object.keys(provenance).slice(0, 4)
    return `SELECT * FROM (SELECT ${place.join(', ')}, ${told} AS errors FROM (${source}))
      WHERE len(errors) > 0`
  }

  /** The values of the records whose numbers are not in the table `rejected`. */
  accepted(source: string, rejected: string, also: string[] = []): string {
    return `SELECT ${this.#values(also)} FROM (${source})
      WHERE record NOT IN (SELECT record FROM ${rejected})`
  }

  /** The sets of fields whose values may stand only once in an object. */
  keys(): { rule: 'primary-key' | 'unique-error'; fields: string[] }[] {
    const { primaryKey, fields, keysOnce } = this.contract
    if (!keysOnce) return []
    const single = primaryKey.length === 1 ? primaryKey[0] : undefined
    const unique = fields.filter((field) => field.unique && field.name !== single)
    return [
      ...(primaryKey.length > 0 ? [{ rule: 'primary-key' as const, fields: primaryKey }] : []),
      ...unique.map((field) => ({ rule: 'unique-error' as const, fields: [field.name] })),
    ]
  }

  /** The columns of a key in a source; `known`: whether every part is a value that the text has. */
  columnsOf(names: string[]): { x: string[]; v: string[]; known: string } {
    const { fields } = this.#layout
    const at = names.map((name) => fields.findIndex((field) => field.name === name))
    const known = at.map(
      (i) => `${v(i)} IS NOT NULL AND ${lexicalOf(fields[i]!).exact(x(i), v(i))}`,
    )
    return { x: at.map(x), v: at.map(v), known: known.join(' AND ') }
  }

  /** Every value under its field's name, in the contract's order; then `also`. */
  #values(also: string[]): string {
    const { fields } = this.contract
    const at = (field: Field) => this.#layout.fields.indexOf(field)
    const values = fields.map(
      (field) => `${stored(field, v(at(field)))} AS ${identifier(field.name)}`,
    )
    return [...values, ...also].join(', ')
  }

  #notBlank(): string {
    return `(${this.#layout.fields.map((_, i) => `${x(i)} IS NOT NULL`).join(' OR ')})`
  }

  #texts(): Record<string, string> {
    return Object.fromEntries(this.#layout.fields.map((_, i) => [x(i), 'VARCHAR']))
  }

  #typed(read: string, also: string[]): string {
    const { fields } = this.#layout
    const missing = this.contract.missingValues.filter((value) => value !== '')
    const list = missing.map(literal).join(', ')
    const nulled = fields.map(
      (_, i) => `CASE WHEN ${x(i)} IN (${list}) THEN NULL ELSE ${x(i)} END AS ${x(i)}`,
    )
    const cells =
      missing.length === 0 ? read : `(SELECT ${[...also, ...nulled].join(', ')} FROM ${read})`
    const values = fields.map((field, i) => `${x(i)}, ${lexicalOf(field).value(x(i))} AS ${v(i)}`)
    return `SELECT ${[...also, ...values].join(', ')} FROM ${cells}`
  }
}

/** The columns that the annotated text has before the cells. */
const provenance = {
  record: 'BIGINT',
  line: 'BIGINT',
  '"offset"': 'BIGINT',
  '"length"': 'BIGINT',
  cells: 'BIGINT',
}

const x = (i: number) => `x${i}`
const v = (i: number) => `v${i}`

/** DuckDB's reader with nothing left to guess. A quoted missing value is a missing value, too. */
function csv(
  path: string,
  delimiter: string,
  lineEnd: 'lf' | 'crlf',
  columns: Record<string, string>,
  options: { header: boolean; empty: boolean; longest?: number },
): string {
  const list = Object.entries(columns).map(([name, type]) => {
    return `${literal(name.replaceAll('"', ''))}: ${literal(type)}`
  })
  return `read_csv(${literal(path)}, auto_detect = false, header = ${options.header},
    delim = ${literal(delimiter)}, quote = '"', escape = '"',
    new_line = '${lineEnd === 'lf' ? '\\n' : '\\r\\n'}',
    max_line_size = ${Math.max(MAX_RECORD, options.longest ?? 0)}, buffer_size = ${16 * MAX_RECORD},
    allow_quoted_nulls = true, nullstr = ${options.empty ? "''" : 'chr(0)'},
    columns = {${list.join(', ')}})`
}

function cellError(rule: string, when: string, width: number): string {
  const message = `cells || ' cells; the header has ${width}'`
  return `CASE WHEN ${when} THEN ${struct(`'${rule}'`, 'NULL', 'NULL', message)} END`
}

function errorOf(check: Check): string {
  const told = struct(literal(check.rule), literal(check.field), check.text, literal(check.message))
  return `CASE WHEN NOT (${check.ok}) AND ${check.given} THEN ${told} END`
}

/** Characters of a value that an error repeats; the whole stands in the record's own text. */
const SHOWN = 1000

function struct(rule: string, field: string, value: string, message: string): string {
  return `{'rule': ${rule}, 'field': ${field}::VARCHAR,
    'value': left(${value}::VARCHAR, ${SHOWN}), 'message': ${message}}`
}

/** Spark refuses Parquet's TIME, so a time is stored as its text: `10:00:00`, `10:00:00.5`. */
function stored(field: Field, value: string): string {
  return field.type === 'time' ? `${value}::VARCHAR` : value
}

/** The expression of a Hive folder's value, over columns that carry the fields' names. */
export function partitionValue({ part, field }: Partition): string {
  const column = identifier(field)
  if (part === 'value') return `${column}::VARCHAR`
  const digits = part === 'year' ? 4 : 2
  return `lpad(date_part('${part}', ${column}::TIMESTAMP)::VARCHAR, ${digits}, '0')`
}
