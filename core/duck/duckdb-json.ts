import {
  DuckDBTypeId,
  type DuckDBValueConverter,
  type Json,
  JsonDuckDBValueConverter,
} from '@duckdb/node-api'

const { BIGINT, UBIGINT, HUGEINT, UHUGEINT, BIGNUM, INTERVAL, ...ids } = DuckDBTypeId
const wholes: number[] = [BIGINT, UBIGINT, HUGEINT, UHUGEINT, BIGNUM]
const { TIMESTAMP, TIMESTAMP_S, TIMESTAMP_MS, TIMESTAMP_NS, TIMESTAMP_TZ } = ids
const instants: number[] = [TIMESTAMP, TIMESTAMP_S, TIMESTAMP_MS, TIMESTAMP_NS, TIMESTAMP_TZ]

/** A value as JSON has it: see `Statement.rows`. */
export const toJson: DuckDBValueConverter<Json> = (value, type, converter) => {
  const { typeId } = type
  if (value === null) return null
  if (wholes.includes(typeId)) {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  }
  if (instants.includes(typeId)) {
    return String(value)
      .replace(/^([\d-]+) /, '$1T')
      .replace(/\+00$/, 'Z')
  }
  if (typeId === INTERVAL) return String(value)
  return JsonDuckDBValueConverter(value, type, converter)
}
