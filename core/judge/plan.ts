import { type Check, checksOf } from '../contract/constraint.ts'
import type { Contract, Partition } from '../contract/contract.ts'
import type { Field } from '../contract/field.ts'
import { identifier, literal } from '../names.ts'
import type { Annotated } from '../text/annotate.ts'
import type { Layout } from '../text/header.ts'
import { readCsv } from '../text/read-csv.ts'
import { lexicalOf } from '../types/lexical.ts'

/**
 * The one plan: SQL made of a contract, that reads all cells as text, and says which records hold
 * and what their values are. The same expressions serve the fast way and the exact one.
 */
export class Plan {
  readonly contract: Contract
  readonly #layout: Layout
  /** Which cell each field is. */
  readonly #at: Map<string, number>
  readonly checks: Check[]

  constructor(contract: Contract, layout: Layout) {
    this.contract = contract
    this.#layout = layout
    this.#at = new Map(layout.fields.flatMap((field, i) => (field ? [[field.name, i]] : [])))
    this.checks = layout.fields.flatMap((field, i) =>
      field ? checksOf(field, contract, x(i), v(i)) : [],
    )
  }

  /**
   * The object's own text, where nothing in it is unusual. Cells are x0, x1, …; values v0, v1, …
   */
  plainSource(path: string, lineEnd: 'lf' | 'crlf'): string {
    return this.#typed(this.#plain([path], lineEnd), [])
  }

  /** The texts of two objects or more that lie alike, and whose each record is, from 0: MEMBER. */
  joinedSource(paths: string[], lineEnd: 'lf' | 'crlf'): string {
    const member = `list_position([${paths.map(literal).join(', ')}], filename) - 1`
    const read = `(SELECT ${member} AS ${MEMBER}, * FROM ${this.#plain(paths, lineEnd)})`
    return this.#typed(read, [MEMBER])
  }

  #plain(paths: string[], lineEnd: 'lf' | 'crlf'): string {
    const { delimiter, header } = this.contract.dialect
    const form = { delimiter, lineEnd, header, empty: this.#empty() }
    return readCsv(paths, this.#texts(), form)
  }

  /** The annotated text: each record with its place, and the number of cells that it had. */
  annotatedSource({ path, delimiter, longest }: Annotated): string {
    const columns = { ...provenance, ...this.#texts() }
    const form = { delimiter, lineEnd: 'lf' as const, header: false, empty: this.#empty(), longest }
    const read = readCsv([path], columns, form)
    return this.#typed(read, Object.keys(provenance))
  }

  /**
   * The values of every record that holds, or an error at the first that does not; `quick`: also at
   * one that holds in an unusual form, by a statement that takes half the time to be planned.
   */
  strict(source: string, quick: boolean, also: string[] = []): string {
    const checks = this.checks.map((check) => (quick ? (check.quick ?? check.ok) : check.ok))
    const all = [this.#notBlank(), ...checks]
    const when = `CASE WHEN ${all.join('\n AND ')} THEN true ELSE error('a record is rejected') END`
    return `SELECT ${this.#values(also)} FROM (${source}) WHERE ${when}`
  }

  /** Statements of place and errors (a list of structs) of each record that does not hold. */
  wrong(source: string): string[] {
    const width = this.#layout.fields.length
    const errors = [
      cellError('extra-cell', `"cells" > ${width}`, width),
      cellError('missing-cell', `"cells" < ${width}`, width),
      ...this.checks.map(errorOf),
    ]
    const groups = Map.groupBy(errors, (_, i) => Math.floor(i / TOGETHER))
    return [...groups].map(([i, some]) => this.#wrongOf(source, some, i === 0))
  }

  #wrongOf(source: string, errors: string[], isFirst: boolean): string {
    const row = struct("'blank-row'", 'NULL', 'NULL', "'every cell is missing'")
    const blank = isFirst ? `[${row}]` : 'NULL'
    const told = `CASE WHEN ${this.#notBlank()} THEN list_filter([${errors.join(',\n')}],
      lambda e: e IS NOT NULL) ELSE ${blank} END`
    const place = Object.keys(provenance).slice(0, 4).join(', ')
    const left = `(len(errors) - ${ERRORS}) || ' more errors'`
    const more = struct("'more-errors'", 'NULL', 'NULL', left)
    const kept = `CASE WHEN len(errors) <= ${ERRORS} THEN errors
      ELSE list_append(errors[:${ERRORS}], ${more}) END`
    return `SELECT ${place}, ${kept} AS errors
      FROM (SELECT ${place}, ${told} AS errors FROM (${source})) WHERE len(errors) > 0`
  }

  /** The values of the records whose numbers are not in the table `rejected`. */
  accepted(source: string, rejected: string, also: string[] = []): string {
    return `SELECT ${this.#values(also)} FROM (${source})
      WHERE record NOT IN (SELECT record FROM ${rejected})`
  }

  /** The sets of fields whose values may stand only once in an object. */
  keys(): { rule: 'primary-key' | 'unique-error'; fields: string[] }[] {
    const { primaryKey, uniqueKeys, fields, keysOnce } = this.contract
    const unique = fields.filter((field) => field.unique).map((field) => [field.name])
    const sets = keysOnce ? [primaryKey, ...unique, ...uniqueKeys] : []
    const isFirst = (set: string[], i: number) => {
      return (
        sets.findIndex((other) => other.toSorted().join('\0') === set.toSorted().join('\0')) === i
      )
    }
    return (
      sets
        .map((set, i) => ({
          rule: i === 0 ? ('primary-key' as const) : ('unique-error' as const),
          fields: set,
        }))
        // A set that is told twice is one key; and where the header lacks a field of it, nothing
        // of it can stand twice: it is null.
        .filter((key, i) => key.fields.length > 0 && isFirst(key.fields, i))
        .filter((key) => key.fields.every((name) => this.#at.has(name)))
    )
  }

  /**
   * A key in a source: its parts as they are compared, the texts, and `known`: whether every part
   * is a value that the text has. What is null is no part of a key.
   */
  keyOf(names: string[]): { parts: string[]; values: string[]; text: string; known: string } {
    const at = names.map((name) => this.#at.get(name)!)
    const lexical = at.map((i) => lexicalOf(this.#layout.fields[i]!))
    const known = at.map((i, n) => `${v(i)} IS NOT NULL AND ${lexical[n]!.exact(x(i), v(i))}`)
    return {
      parts: at.map((i, n) => lexical[n]!.same?.(v(i)) ?? v(i)),
      values: at.map(v),
      text: `left(concat_ws(', ', ${at.map(x).join(', ')}), ${SHOWN})`,
      known: known.join(' AND '),
    }
  }

  /** Every value under its field's name, in the contract's order, NULL where no cell is it. */
  #values(also: string[]): string {
    const values = this.contract.fields.map((field) => {
      const at = this.#at.get(field.name)
      const value = at === undefined ? `NULL::${lexicalOf(field).type}` : v(at)
      return `${stored(field, value)} AS ${identifier(field.name)}`
    })
    return [...values, ...also].join(', ')
  }

  #notBlank(): string {
    return `(${this.#layout.fields.map((_, i) => `${x(i)} IS NOT NULL`).join(' OR ')})`
  }

  #texts(): Record<string, string> {
    return Object.fromEntries(this.#layout.fields.map((_, i) => [x(i), 'VARCHAR']))
  }

  /** Whether an empty cell is a missing value of every field: then DuckDB's reader sees to it. */
  #empty(): boolean {
    return this.#layout.fields.every((field) => missingOf(field).includes(''))
  }

  #typed(read: string, also: string[]): string {
    const { fields } = this.#layout
    const empty = this.#empty()
    const nulls = fields.map((field, i) => {
      const texts = missingOf(field).filter((value) => value !== '' || !empty)
      // What pads a short record is empty text, and no cell of it.
      const absent = also.includes('cells') && !empty ? [`"cells" <= ${i}`] : []
      return [...absent, ...(texts.length > 0 ? [`${x(i)} IN (${texts.map(literal)})`] : [])]
    })
    const nulled = nulls.map((when, i) => {
      return when.length === 0
        ? x(i)
        : `CASE WHEN ${when.join(' OR ')} THEN NULL ELSE ${x(i)} END AS ${x(i)}`
    })
    const none = nulls.every((when) => when.length === 0)
    const cells = none ? read : `(SELECT ${[...also, ...nulled].join(', ')} FROM ${read})`
    const values = fields.map((field, i) =>
      field ? `${x(i)}, ${lexicalOf(field).value(x(i))} AS ${v(i)}` : x(i),
    )
    return `SELECT ${[...also, ...values].join(', ')} FROM ${cells}`
  }
}

/** Of a cell that no field names, empty text: it counts where a whole record is blank. */
function missingOf(field: Field | undefined): string[] {
  return field ? field.missingValues : ['']
}

/** The column that says whose a record is, where those of several objects are read at once. */
export const MEMBER = '_sluice_member'

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
/** Errors of a record that one statement tells of; the others are counted. */
const ERRORS = 100
/** Checks of one statement: DuckDB has what each tells of 2,048 records in memory, 1 MB a check. */
const TOGETHER = 500

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
