import type { Field } from '../contract/field.ts'
import type { Lexical } from '../contract/form.ts'
import { isGeojson } from './geojson.ts'
import { canonicalJson } from './json-value.ts'
import { holds, rewritten } from './predicate.ts'
import { isTopojson } from './topojson.ts'

/**
 * DuckDB's JSON takes trailing commas, comments and NaN; RFC 8259 and Postgres' jsonb do not. What
 * is outside strings shows it. jsonb holds no \u0000, no number of
 * some 131,000 digits, and so many levels as its stack has room for; a thousand are allowed here.
 */
export function json(kind: 'OBJECT' | 'ARRAY'): Lexical {
  const bare = (x: string) => `regexp_replace(${x}, '"([^"\\\\]|\\\\.)*"', '""', 'g')`
  const unlike = `,\\s*[\\]}]|[/*'']|[^a-z](nan|inf)|[eE][+-]?0*[1-9][0-9]{3}`
  return {
    type: 'VARCHAR',
    column: 'jsonb',
    value: (x) =>
      `CASE WHEN json_valid(${x}) THEN CASE WHEN json_type(${x}) = '${kind}' THEN ${x} END END`,
    exact: (x) => `NOT (contains(${x}, '\\u0000') AND
      regexp_matches(${x}, '(^|[^\\\\])(\\\\\\\\)*\\\\u0000'))
      AND NOT regexp_matches(${bare(x)}, '${unlike}', 'i')
      AND CASE WHEN strlen(${x}) < 1000 THEN true
        ELSE NOT regexp_matches(${bare(x)}, '[0-9]{1000}') AND ${depth(bare(x))} <= 1000 END`,
    same: (v) => rewritten('json', canonicalJson, v),
    expected: `a JSON ${kind.toLowerCase()} (RFC 8259, without \\u0000)`,
  }
}

/** How many levels of brackets a JSON text has, its strings left out. */
function depth(bare: string): string {
  return `list_reduce(
    list_transform(list_concat([''], regexp_extract_all(${bare}, '[\\[\\]{}]')),
      lambda c: {'n': CASE WHEN c IN ('[', '{') THEN 1 WHEN c = '' THEN 0 ELSE -1 END, 'most': 0}),
    lambda a, b: {'n': a.n + b.n, 'most': greatest(a.most, a.n + b.n)}).most`
}

/** A JSON object that is one of GeoJSON, or of TopoJSON. */
export function geojson({ format }: Field): Lexical {
  const object = json('OBJECT')
  const [is, name] = format === 'topojson' ? [isTopojson, 'TopoJSON'] : [isGeojson, 'GeoJSON']
  return {
    ...object,
    exact: (x, v) => `(${object.exact(x, v)} AND ${holds(name, is, x)})`,
    expected: `an object of ${name}`,
  }
}
