import type { Column } from './statement.ts'

/** Which member of Field a type goes into; `decimal` may be asked for as a number. */
export type Kind = 'boolean' | 'long' | 'double' | 'decimal' | 'string' | 'blob'

export interface ColumnType {
  kind: Kind
  isArray: boolean
  /** Postgres' name of it: `int4`, `_text`. */
  name: string
  /** `java.sql.Types`, as columnMetadata has it. */
  jdbc: number
  /** What has to be done to its text before it is given back. */
  form?: 'date' | 'time' | 'timestamp' | 'timestamptz'
}

const [bit, array, other] = [-7, 2003, 1111]

/**
 * The scalar types of "RDS Data API supports following Aurora PostgreSQL scalar types" of
 * data-api-operations, by OID, and timestamptz, of which a note there says that it comes in UTC.
 */
const scalars: Record<number, ColumnType> = {
  16: scalar('boolean', 'bool', bit),
  17: scalar('blob', 'bytea', -2),
  19: scalar('string', 'name', 12),
  20: scalar('long', 'int8', -5),
  21: scalar('long', 'int2', 5),
  23: scalar('long', 'int4', 4),
  25: scalar('string', 'text', 12),
  114: scalar('string', 'json', other),
  650: scalar('string', 'cidr', other),
  700: scalar('double', 'float4', 7),
  701: scalar('double', 'float8', 8),
  869: scalar('string', 'inet', other),
  1042: scalar('string', 'bpchar', 1),
  1043: scalar('string', 'varchar', 12),
  1082: { ...scalar('string', 'date', 91), form: 'date' },
  1083: { ...scalar('string', 'time', 92), form: 'time' },
  1114: { ...scalar('string', 'timestamp', 93), form: 'timestamp' },
  1184: { ...scalar('string', 'timestamptz', 93), form: 'timestamptz' },
  1700: scalar('decimal', 'numeric', 2),
  2950: scalar('string', 'uuid', other),
  3802: scalar('string', 'jsonb', other),
}

/** OID of an array and of its elements: the "Aurora PostgreSQL array types" there, but BIT[]. */
const arrays: Record<number, number> = {
  199: 114,
  1000: 16,
  1003: 19,
  1005: 21,
  1007: 23,
  1009: 25,
  1014: 1042,
  1015: 1043,
  1016: 20,
  1021: 700,
  1022: 701,
  1115: 1114,
  1182: 1082,
  1183: 1083,
  1231: 1700,
  2951: 2950,
}

/** A row of pg_type: `e` is an enum's kind. */
export interface Catalogued {
  name: string
  typtype: string
}

/**
 * @param known what the catalog says of types that are not built in
 * @returns undefined where the Data API does not give such a column back
 */
export function typeOf(
  { dataTypeID }: Column,
  known: Map<number, Catalogued>,
): ColumnType | undefined {
  const element = scalars[arrays[dataTypeID] ?? 0]
  if (element) return { ...element, isArray: true, name: `_${element.name}`, jdbc: array }
  const found = known.get(dataTypeID)
  return (
    scalars[dataTypeID] ?? (found?.typtype === 'e' ? scalar('string', found.name, 12) : undefined)
  )
}

/** As AWS spells types that it does not give back, where people quoted it. */
const spellings: Record<string, string> = {
  char: '"CHAR"',
  interval: 'INTERVAL',
  timetz: 'TIMETZ',
}

export function spellingOf({ dataTypeID }: Column, known: Map<number, Catalogued>): string {
  const name = known.get(dataTypeID)?.name ?? String(dataTypeID)
  return spellings[name] ?? name
}

function scalar(kind: Kind, name: string, jdbc: number): ColumnType {
  return { kind, isArray: false, name, jdbc }
}
