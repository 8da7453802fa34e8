import type { Duck } from '../duck/duckdb.ts'
import { identifier, literal } from '../names.ts'
import { lexicalOf } from '../types/lexical.ts'
import type { Contract } from './contract.ts'
import type { Field } from './field.ts'
import { columnsOf, type Measure, type Window } from './stream-settings.ts'

/**
 * The part of a shard's windows that is not closed yet: what the window's columns are, and a row
 * for each window and group, every value as its text.
 */
export interface OpenWindow extends Shape {
  /** Start in microseconds since 1970, then groups, then measures. */
  rows: (string | null)[][]
}

/** Independent of the contract that it came from: what is open can be closed after a change. */
export interface Shape {
  /** Microseconds. */
  every: number
  groups: { name: string; type: string }[]
  measures: { name: string; type: string; merge: 'sum' | 'min' | 'max' }[]
}

/** What happens to the windows of one name in one commit. */
export interface Advance {
  open: OpenWindow
  /** The accepted rows of this commit, by a table, and how their measures are made of them. */
  batch?: { table: string; window: Window; eventTime: string }
  /** Microseconds since 1970, before and after this commit. */
  before: bigint | undefined
  after: bigint | undefined
  /** Above so many groups all are written early. */
  limit: number
  /** A name for a temporary table, which the caller drops. */
  table: string
}

export interface Advanced {
  open: OpenWindow
  /** How many partials are to be written: the rows of `select`. */
  partials: number
  select: string
  /** Rows of the batch whose window had been closed before. */
  late: number
}

/** Bytes of text that are kept open of one window, however few groups they are. */
const OPEN_BYTES = 1 << 19

/** @param window of the contract's `windows` */
export function windowShape(window: Window, { fields }: Contract): Shape {
  const typed = (name: string) => ({ name, type: storedType(fields.find(named(name))) })
  const measures = window.measures.flatMap((measure) => {
    const [first = '', second = ''] = columnsOf(measure)
    const type = measureType(measure, fields.find(named(measure.field)))
    if (measure.kind === 'count') return [sum(first, 'BIGINT')]
    if (measure.kind === 'avg') return [sum(first, type), sum(second, 'BIGINT')]
    return [{ name: first, type, merge: measure.kind }]
  })
  return { every: window.every, groups: window.groupBy.map(typed), measures }
}

const named = (name: string) => (field: Field) => field.name === name
const sum = (name: string, type: string) => ({ name, type, merge: 'sum' as const })

function storedType(field: Field | undefined): string {
  return !field || field.type === 'time' ? 'VARCHAR' : lexicalOf(field).type
}

/** A sum has room for more than its field: 38 digits, of which the contract leaves ten. */
function measureType({ kind }: Measure, field: Field | undefined): string {
  const type = storedType(field)
  if (kind === 'min' || kind === 'max' || type === 'DOUBLE') return type
  return `DECIMAL(38,${/^DECIMAL\(\d+,(\d+)\)$/.exec(type)?.[1] ?? 0})`
}

/**
 * Adds a batch to what is open, and tells what the watermark closes: each window and group once;
 * and again, marked late, for rows that come after that. Partials of a window and group
 * add up, over all shards, to what one query over the events says (see `mergedSelect`).
 */
export async function advance(duck: Duck, work: Advance): Promise<Advanced> {
  const { open, batch, before, after, limit, table } = work
  const columns = ['s', ...names('g', open.groups), ...names('m', open.measures)]
  const late = before === undefined ? 'false' : `s + ${open.every} <= ${before}`
  const parts = [openSelect(open), ...(batch ? [batchSelect(batch, open)] : [])]
  const merged = `SELECT ${columns.slice(0, 1 + open.groups.length).join(', ')},
    ${open.measures.map(({ type, merge }, i) => `${merge}(m${i})::${type} AS m${i}`).join(', ')},
    ${late} AS late, sum(n)::BIGINT AS n FROM (${parts.join(' UNION ALL ')}) GROUP BY ALL`
  await duck.run(`CREATE OR REPLACE TEMP TABLE ${table} AS ${merged}`)
  const bytes = columns.map((column) => `coalesce(strlen(${column}::VARCHAR), 0)`).join(' + ')
  const [[all = 0, groups = 0, lateRows = 0, text = 0] = []] = await duck.all(`SELECT count(*),
    count(*) FILTER (NOT late), coalesce(sum(n) FILTER (late), 0),
    coalesce(sum(${bytes}) FILTER (NOT late), 0) FROM ${table}`)
  const closed = after === undefined ? 'late' : `(late OR s + ${open.every} <= ${after})`
  const isLarge = Number(groups) > limit || Number(text) > OPEN_BYTES
  const done = isLarge ? 'true' : closed
  const texts = columns.map((column) => `${column}::VARCHAR`).join(', ')
  const rows = await duck.all(`SELECT ${texts} FROM ${table} WHERE NOT ${done} ORDER BY ALL`)
  return {
    open: { ...open, rows: rows as (string | null)[][] },
    partials: Number(all) - rows.length,
    select: `SELECT ${partialColumns(open)} FROM ${table} WHERE ${done}`,
    late: Number(lateRows),
  }
}

const names = (letter: string, columns: unknown[]) => columns.map((_, i) => `${letter}${i}`)

/** What is open never is late: a watermark that passed it would have closed it. */
function openSelect({ rows, groups, measures }: OpenWindow): string {
  const types = ['BIGINT', ...[...groups, ...measures].map(({ type }) => type)]
  const columns = ['s', ...names('g', groups), ...names('m', measures)]
  const cast = columns.map((column, i) => `c${i}::${types[i]} AS ${column}`).join(', ')
  const values = rows.map((row) => `(${row.map(valueOrNull).join(', ')})`).join(', ')
  const from = `(VALUES ${values}) t(${columns.map((_, i) => `c${i}`).join(', ')})`
  const nothing = columns.map((column, i) => `NULL::${types[i]} AS ${column}`).join(', ')
  if (rows.length === 0) return `SELECT ${nothing}, 0 AS n WHERE false`
  return `SELECT ${cast}, 0 AS n FROM ${from}`
}

function valueOrNull(value: string | null): string {
  return value === null ? 'NULL::VARCHAR' : `${literal(value)}::VARCHAR`
}

function batchSelect({ table, window, eventTime }: NonNullable<Advance['batch']>, shape: Shape) {
  const measures = window.measures
    .flatMap(measureSql)
    .map((sql, i) => `(${sql})::${shape.measures[i]?.type} AS m${i}`)
  const groups = window.groupBy.map((name, i) => `${identifier(name)} AS g${i}`)
  return `SELECT ${[startOf(eventTime, window.every), ...groups, ...measures].join(', ')},
    count(*) AS n FROM ${table} WHERE ${identifier(eventTime)} IS NOT NULL GROUP BY ALL`
}

/** Windows begin at 1970, whatever their length: before it, too. */
function startOf(eventTime: string, every: number): string {
  const at = `epoch_us(${identifier(eventTime)}::TIMESTAMP)`
  return `${at} - ((${at} % ${every}) + ${every}) % ${every} AS s`
}

function measureSql({ kind, field }: Measure): string[] {
  const column = identifier(field)
  if (kind === 'count') return ['count(*)']
  if (kind === 'avg') return [`sum(${column})`, `count(${column})`]
  return [`${kind}(${column})`]
}

function partialColumns({ every, groups, measures }: Shape): string {
  return [
    'make_timestamp(s) AS window_start',
    `make_timestamp(s + ${every}) AS window_end`,
    ...groups.map(({ name }, i) => `g${i} AS ${identifier(name)}`),
    ...measures.map(({ name }, i) => `m${i} AS ${identifier(name)}`),
    'late',
  ].join(', ')
}

/** A file of partials without a row: a fence for windows. */
export function emptyPartials({ every, groups, measures }: Shape): string {
  const typed = [...groups, ...measures].map(
    ({ name, type }) => `NULL::${type} AS ${identifier(name)}`,
  )
  const ends = `NULL::TIMESTAMP AS window_start, make_timestamp(${every}) AS window_end`
  return `SELECT ${[ends, ...typed, 'false AS late'].join(', ')} LIMIT 0`
}

/** The columns of the view, `late` and whether it is still open left out. */
export function mergedColumns(
  window: Window,
  contract: Contract,
): { name: string; type: string; sql: string }[] {
  const { groups, measures } = windowShape(window, contract)
  const type = (name: string) => measures.find((one) => one.name === name)?.type ?? 'DOUBLE'
  return [
    ...['window_start', 'window_end'].map((name) => ({ name, type: 'TIMESTAMP', sql: name })),
    ...groups.map((group) => ({ ...group, sql: identifier(group.name) })),
    ...window.measures.map((measure) => {
      const [first = '', second = ''] = columnsOf(measure).map(identifier)
      const merge = ['min', 'max'].includes(measure.kind) ? measure.kind : 'sum'
      const sql =
        measure.kind === 'avg'
          ? mean(`sum(${first})`, `sum(${second})`, type(`${measure.name}_sum`))
          : `${merge}(${first})::${type(measure.name)}`
      return { name: measure.name, type: type(measure.name), sql }
    }),
  ]
}

/** As avg() has it: of decimals, the sum of their digits is divided, and the point set then. */
function mean(sum: string, count: string, type: string): string {
  const scale = Number(/^DECIMAL\(38,(\d+)\)$/.exec(type)?.[1] ?? 0)
  if (scale === 0) return `${sum}::DOUBLE / ${count}`
  return `round(${sum}::DOUBLE * 1e${scale}) / ${count} / 1e${scale}`
}

/**
 * All partials of a window and what is open of it, as one row for each window and group: what one
 * query over the events says. An average is shown as such, as a double.
 *
 * @param partials a SELECT of closed partials' columns; '' for none
 * @param open what the checkpoints hold, each with the columns of the window as it is described now
 * @param flag the name of the column that says whether a part is still open: one that is free
 */
export function mergedSelect(
  window: Window,
  contract: Contract,
  parts: { partials: string; open: OpenWindow[] },
  flag: string,
): string {
  const { groups, measures } = windowShape(window, contract)
  const names = [...groups, ...measures].map(({ name }) => identifier(name))
  const columns = ['window_start', 'window_end', ...names, 'late'].join(', ')
  const isOpen = identifier(flag)
  const all = parts.open.map((open) => {
    const rows = `SELECT ${partialColumns(open)} FROM (SELECT *, false AS late
      FROM (${openSelect(open)}))`
    return `SELECT ${columns}, true AS ${isOpen} FROM (${rows})`
  })
  if (parts.partials) all.unshift(`SELECT ${columns}, false AS ${isOpen} FROM (${parts.partials})`)
  const shown = mergedColumns(window, contract).map(
    ({ name, sql }) => `${sql} AS ${identifier(name)}`,
  )
  return `SELECT ${shown.join(', ')}, bool_or(late) AS late, bool_or(${isOpen}) AS ${isOpen}
    FROM (${all.join(' UNION ALL ')})
    GROUP BY ${['window_start', 'window_end', ...groups.map(({ name }) => identifier(name))]}`
}
