import type { Field } from './field.ts'
import { literal } from './names.ts'

/**
 * From a contract's type to SQL: which texts are lexical forms of it, and which value each stands
 * for. DuckDB's casts alone are no verdict: they round, cut and take forms that no standard has
 * (`1.5` as 2, `0x1F` as 31). So a value counts only if its text is a form that is spelled out
 * here.
 *
 * Where a value in its own canonical text is the text that was read, the form needs no further
 * look: that is cheap, and true of most cells. Only the others are matched against a regular
 * expression.
 * Forms: https://datapackage.org/standard/table-schema/#field-types
 */
export interface Lexical {
  /** DuckDB's type of the value; Parquet's follows from it. */
  type: string
  /** Postgres' type of the column. */
  column: string
  /** An expression over the text `x` that yields the value, or NULL; never an error. */
  value: (x: string) => string
  /** An expression over the text `x` and its value `v`: is `x` a form of exactly that value? */
  exact: (x: string, v: string) => string
  /** A cheap expression that holds for most texts, and only for those that `exact` holds for. */
  plainly?: (x: string, v: string) => string
  /** What a person should write, for the message. */
  expected: string
}

export function lexicalOf(field: Field): Lexical {
  switch (field.type) {
    case 'string':
    case 'any':
      return text
    case 'integer':
      return field.decimal ? decimal(field.decimal, false) : integer
    case 'number':
      return field.decimal ? decimal(field.decimal, true) : double
    case 'boolean':
      return boolean(field)
    case 'date':
      return field.format === 'any' ? anyDate : date
    case 'datetime':
      return datetime(field.format === 'any')
    case 'time':
      return time(field.format === 'any')
    case 'year':
      return year
    case 'object':
      return json('OBJECT')
    case 'array':
      return json('ARRAY')
  }
}

const cast = (type: string) => (x: string) => `TRY_CAST(${x} AS ${type})`
const matches = (x: string, form: string) => `regexp_full_match(${x}, ${literal(form)})`

/** The text is the value's own canonical text. */
const canonical = (x: string, v: string) => `${v}::VARCHAR = ${x}`

/** The text is the value's own canonical text; or it has the form. */
function canonicalOr(form: string): Lexical['exact'] {
  return (x, v) => `(${canonical(x, v)} OR ${matches(x, form)})`
}

const text: Lexical = {
  type: 'VARCHAR',
  column: 'text',
  value: (x) => x,
  exact: () => 'true',
  expected: 'text',
}

/** Blanks around a number are no part of it (XML Schema collapses them, as does the referee). */
const integer: Lexical = {
  type: 'BIGINT',
  column: 'bigint',
  value: cast('BIGINT'),
  exact: canonicalOr('\\s*[+-]?[0-9]+\\s*'),
  plainly: canonical,
  expected: 'a whole number of at most 64 bits, such as -42',
}

/**
 * A double keeps any 15 significant digits, of 16 and 17 those that it gives back when it is
 * written with as many, and no more; a number beyond would be changed, and so would one out of its
 * range. NaN, INF and -INF are the standard's own.
 */
const double: Lexical = {
  type: 'DOUBLE',
  column: 'double precision',
  value: cast('DOUBLE'),
  exact(x, v) {
    const digits = (text: string) => `trim(regexp_replace(${text}, '[eE].*|[^0-9]', '', 'g'), '0')`
    const count = `strlen(${digits(x)})`
    const form = '\\s*[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?\\s*'
    const kept = `CASE WHEN strlen(${x}) <= 15 AND abs(${v}) BETWEEN 1e-300 AND 1e300 THEN true
      WHEN ${v}::VARCHAR = ${x} THEN true
      WHEN ${v} = 0 THEN ${digits(x)} = ''
      WHEN NOT isfinite(${v}) OR abs(${v}) < 2.3e-308 OR ${count} > 17 THEN false
      ELSE ${digits(`printf('%.' || (${count} - 1) || 'e', ${v})`)} = ${digits(x)} END`
    return `CASE WHEN ${matches(x, form)} THEN ${kept} ELSE ${x} IN ('NaN', 'INF', '-INF') END`
  },
  expected:
    'a number that a double keeps, such as -4.2 or 6e23: 15 digits, or 17 ' +
    '(sluice: {decimal: [p, s]} keeps more)',
}

/** Digits beyond the scale are taken where they are zeros; an exponent where it cuts nothing. */
function decimal([precision, scale]: [number, number], fraction: boolean): Lexical {
  const type = `DECIMAL(${precision},${scale})`
  const pointed = scale ? `[0-9]{1,${scale}}0*` : '0+'
  const point = `\\s*[+-]?([0-9]+\\.?[0-9]{0,${scale}}0*|\\.${pointed})\\s*`
  const plain = fraction ? point : '\\s*[+-]?[0-9]+\\s*'
  const exponent = '\\s*[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)[eE][+-]?[0-9]{1,3}\\s*'
  const shifted = (x: string) => `strlen(rtrim(regexp_extract(${x}, '\\.([0-9]*)', 1), '0'))
      - TRY_CAST(regexp_extract(${x}, '[eE]([+-]?[0-9]+)', 1) AS INTEGER) <= ${scale}`
  return {
    type,
    column: `numeric(${precision},${scale})`,
    value: cast(type),
    exact: (x, v) => `(${canonical(x, v)} OR ${matches(x, plain)}
      OR (${fraction} AND ${matches(x, exponent)} AND ${shifted(x)}))`,
    plainly: canonical,
    expected: fraction
      ? `a number with at most ${precision - scale} digits before the point and ${scale} behind it`
      : `a whole number of at most ${precision} digits`,
  }
}

function boolean(field: Field): Lexical {
  const list = (values: string[]) => values.map(literal).join(', ')
  const [yes, no] = [list(field.trueValues), list(field.falseValues)]
  return {
    type: 'BOOLEAN',
    column: 'boolean',
    value: (x) => `CASE WHEN ${x} IN (${yes}) THEN true WHEN ${x} IN (${no}) THEN false END`,
    exact: () => 'true',
    expected: [...field.trueValues, ...field.falseValues].join(', '),
  }
}

const date: Lexical = {
  type: 'DATE',
  column: 'date',
  value: cast('DATE'),
  exact: (x, v) => `strlen(${x}) = 10 AND ${canonical(x, v)}`,
  plainly: (x, v) => `strlen(${x}) = 10 AND ${canonical(x, v)}`,
  expected: 'a date as YYYY-MM-DD',
}

/**
 * "Any parsable representation": those that can mean one day only. `03/04/2020` can mean two, and a
 * time of day would be cut, so they are rejected. A month alone is its first day, as in ISO 8601's
 * calendar and in the data of the field.
 */
const anyDate: Lexical = {
  type: 'DATE',
  column: 'date',
  value: (x) => `CAST(CASE
    WHEN ${matches(x, '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}')} THEN TRY_STRPTIME(${x}, '%Y-%m-%d')
    WHEN ${matches(x, '[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}')} THEN TRY_STRPTIME(${x}, '%Y/%m/%d')
    WHEN ${matches(x, '[0-9]{8}')} THEN TRY_STRPTIME(${x}, '%Y%m%d')
    WHEN ${matches(x, '[0-9]{4}-[0-9]{2}')} THEN TRY_STRPTIME(${x}, '%Y-%m')
    WHEN ${matches(x, '[0-9]{1,2} [A-Za-z]+ [0-9]{4}')}
      THEN TRY_STRPTIME(${x}, ['%d %B %Y', '%d %b %Y'])
    WHEN ${matches(x, '[A-Za-z]+ [0-9]{1,2}, [0-9]{4}')}
      THEN TRY_STRPTIME(${x}, ['%B %d, %Y', '%b %d, %Y']) END AS DATE)`,
  exact: (_, v) => `${v} BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'`,
  expected: 'a date that can be read in one way only, such as 2026-01-31 or 31 January 2026',
}

const clock = '([01][0-9]|2[0-3]):[0-5][0-9]'

/**
 * An offset makes it an instant: it is kept as its time in UTC. Microseconds are kept; a finer
 * fraction would be cut, and is rejected.
 */
function datetime(any: boolean): Lexical {
  const offset = '(Z|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])?'
  const seconds = ':[0-5][0-9](\\.[0-9]{1,6})?'
  const time = any ? `([T ]${clock}(${seconds})?${offset})?` : `[T ]${clock}${seconds}${offset}`
  return {
    type: 'TIMESTAMP',
    column: 'timestamp',
    value: (x) => `CASE WHEN strlen(${x}) <= 19${any ? ` AND NOT ends_with(${x}, 'Z')` : ''}
      THEN TRY_CAST(${x} AS TIMESTAMP)
      ELSE TRY_CAST(${any ? withSeconds(x) : x} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' END`,
    exact: (x, v) => `${matches(x, `[0-9]{4}-[0-9]{2}-[0-9]{2}${time}`)}
      AND ${v} BETWEEN TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'`,
    expected: 'a date and time as YYYY-MM-DDThh:mm:ss, with at most six digits of fraction',
  }
}

/** DuckDB reads an offset only behind seconds. */
const withSeconds = (x: string) => `regexp_replace(${x}, '^(.{13}:..)(Z|[+-])', '\\1:00\\2')`

/** Postgres' time and Parquet's text have no offset, so a form with one would lose it. */
function time(any: boolean): Lexical {
  const seconds = ':[0-5][0-9](\\.[0-9]{1,6})?'
  return {
    type: 'TIME',
    column: 'time',
    value: cast('TIME'),
    exact: (x) => matches(x, any ? `${clock}(${seconds})?` : `${clock}${seconds}`),
    expected: 'a time as hh:mm:ss, without an offset',
  }
}

const year: Lexical = {
  type: 'BIGINT',
  column: 'bigint',
  value: cast('BIGINT'),
  exact: (x) => matches(x, '[0-9]{4}'),
  expected: 'a year of four digits',
}

/**
 * DuckDB's JSON takes trailing commas, comments and NaN; RFC 8259 and Postgres' jsonb do not. What
 * is outside strings shows it. jsonb holds no \u0000, no number of
 * some 131,000 digits, and so many levels as its stack has room for; a thousand are allowed here.
 */
function json(kind: 'OBJECT' | 'ARRAY'): Lexical {
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
