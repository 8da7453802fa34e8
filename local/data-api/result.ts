import { type Catalogued, type ColumnType, spellingOf, typeOf } from './column-type.ts'
import { fieldOf, plainOf } from './field.ts'
import type { Limits } from './limits.ts'
import { unsupported } from './refusal.ts'
import type { Request } from './request.ts'
import type { Column, Outcome } from './statement.ts'

/**
 * The body of an answer to ExecuteStatement, as JSON. The statement was executed by then: what is
 * refused here has been done.
 *
 * @param known what the catalog says of the types of its columns
 * @throws Refusal for a type that is not given back, and for a result that is too large
 */
export function answerOf(
  request: Request,
  outcome: Outcome,
  known: Map<number, Catalogued>,
  limits: Limits,
): string {
  const { columns, rows, tag } = outcome
  if (!columns) return `{"generatedFields":[],"numberOfRecordsUpdated":${updated(tag)}}`
  checkSize(outcome, limits)
  const types = rows.length > 0 ? typesOf(columns, known) : []
  if (request.formatRecordsAs === 'JSON') return formattedAnswer(outcome, columns, types)
  const records = rows.map((row) => `[${row.map((text, n) => fieldOf(types[n]!, text, request))}]`)
  const metadata = request.includeResultMetadata
    ? `"columnMetadata":${JSON.stringify(columns.map((each) => metadataOf(each, known)))},`
    : ''
  return `{${metadata}"numberOfRecordsUpdated":0,"records":[${records}]}`
}

/** Of `INSERT 0 3`, `UPDATE 3`, `COPY 3`; other statements update nothing. */
function updated(tag: string): number {
  return Number(/^(?:INSERT \d+|UPDATE|DELETE|MERGE|COPY) (\d+)$/.exec(tag)?.[1] ?? 0)
}

/**
 * Both limits are of what the database returned, as Postgres' wire has it (measured on v2: 24,800
 * rows of a uuid pass, 25,000 do not); that of the whole is checked for the answer's JSON too, as
 * data-api.limitations has it ("1 MiB of response data").
 */
function checkSize({ bytes, rowBytes }: Outcome, limits: Limits): void {
  // The section of data-api.troubleshooting has this title; v2's own words are not known.
  if (rowBytes > limits.rowBytes)
    throw unsupported(`Packet for query is too large (${rowBytes} > ${limits.rowBytes}).`)
  if (bytes > limits.answerBytes) throw tooLarge()
}

export function tooLarge(): Error {
  return unsupported('The result exceeds the size limit 1 MB.')
}

/** A type is refused by the rows that have it: without any, there is only metadata. */
function typesOf(columns: Column[], known: Map<number, Catalogued>): ColumnType[] {
  return columns.map((column) => {
    const type = typeOf(column, known)
    if (type) return type
    const name = spellingOf(column, known)
    throw unsupported(`The result contains the unsupported data type ${name}.`)
  })
}

/** formatRecordsAs JSON: one string, and neither records nor metadata (data-api-json). */
function formattedAnswer({ rows, tag }: Outcome, columns: Column[], types: ColumnType[]): string {
  // "This parameter only applies to SELECT statements. Other types of SQL statements are ignored."
  if (!tag.startsWith('SELECT')) return '{"generatedFields":[],"numberOfRecordsUpdated":0}'
  const formatted = rows.map((row) => {
    const members = row.map(
      (text, n) => `${JSON.stringify(columns[n]!.name)}:${plainOf(types[n]!, text)}`,
    )
    return `{${members}}`
  })
  return `{"formattedRecords":${JSON.stringify(`[${formatted}]`)},"numberOfRecordsUpdated":0}`
}

/** ColumnMetadata; the table of a column is not looked up. */
function metadataOf(column: Column, known: Map<number, Catalogued>): Record<string, unknown> {
  const type = typeOf(column, known)
  const numeric = type?.kind === 'decimal' && !type.isArray && column.dataTypeModifier >= 4
  const modifier = numeric ? column.dataTypeModifier - 4 : 0
  return {
    name: column.name,
    label: column.name,
    type: type?.jdbc ?? 1111,
    typeName: type?.name ?? spellingOf(column, known),
    schemaName: '',
    tableName: '',
    isAutoIncrement: false,
    isSigned: type?.kind === 'long' || type?.kind === 'double' || type?.kind === 'decimal',
    isCurrency: false,
    isCaseSensitive: type?.kind === 'string',
    // java.sql.ResultSetMetaData.columnNullableUnknown
    nullable: 2,
    precision: modifier >> 16,
    scale: modifier & 0xff_ff,
    arrayBaseColumnType: 0,
  }
}
