import type { Field } from '../contract/field.ts'
import { type Lexical, matches } from '../contract/form.ts'
import { isNumber, isObject, parsed } from './geojson.ts'
import { canonicalJson, canonicalNumber } from './json-value.ts'
import { holds, rewritten } from './predicate.ts'

/**
 * A point on Earth, kept in the form that it was given in. Longitudes beyond 180 degrees and
 * latitudes beyond 90 are none (the referee's rule; the standard has no word on it).
 */
export function geopoint({ format }: Field): Lexical {
  const base = { type: 'VARCHAR', column: 'text', exact: () => 'true' }
  if (format === 'default') {
    return {
      ...base,
      value: (x) => `CASE WHEN ${matches(x, `${number},${number}`)} THEN
        CASE WHEN ${part(x, '^([^,]*),')} BETWEEN -180 AND 180
          AND ${part(x, ',(.*)$')} BETWEEN -90 AND 90 THEN ${x} END END`,
      same: (v) => rewritten('geopoint', canonicalPoint, v),
      expected: 'longitude, latitude, such as 90.50, 45.50',
    }
  }
  const is = format === 'array' ? isArrayPoint : isObjectPoint
  return {
    ...base,
    value: (x) => `CASE WHEN ${holds(`geopoint-${format}`, is, x)} THEN ${x} END`,
    same: (v) => rewritten('json', canonicalJson, v),
    expected: format === 'array' ? '[longitude, latitude]' : '{"lon": longitude, "lat": latitude}',
  }
}

const number = '\\s*[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?\\s*'
const part = (x: string, form: string) => `TRY_CAST(regexp_extract(${x}, '${form}', 1) AS DOUBLE)`

function canonicalPoint(text: string): string {
  return text.split(',').map(canonicalNumber).join(',')
}

function isArrayPoint(text: string): boolean {
  const value = parsed(text)
  return Array.isArray(value) && value.length === 2 && isOnEarth(value[0], value[1])
}

function isObjectPoint(text: string): boolean {
  const value = parsed(text)
  if (!isObject(value) || Object.keys(value).length !== 2) return false
  return isOnEarth(value.lon, value.lat)
}

function isOnEarth(lon: unknown, lat: unknown): boolean {
  if (!isNumber(lon) || !isNumber(lat)) return false
  return Math.abs(lon as number) <= 180 && Math.abs(lat as number) <= 90
}
