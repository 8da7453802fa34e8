import { literal } from '../names.ts'

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
  /**
   * An expression over the value `v`, of which equal values have equal results; the value itself,
   * where nothing is said.
   */
  same?: (v: string) => string
  /** Whether `v` stands so (`>=`, `>`, …) to `w`; as DuckDB orders them, where nothing is said. */
  ordered?: (v: string, operator: string, w: string) => string
  /** What a person should write, for the message. */
  expected: string
}

export const cast = (type: string) => (x: string) => `TRY_CAST(${x} AS ${type})`
export const matches = (x: string, form: string) => `regexp_full_match(${x}, ${literal(form)})`

/** The text is the value's own canonical text. */
export const canonical = (x: string, v: string) => `${v}::VARCHAR = ${x}`

/** The text is the value's own canonical text; or it has the form. */
export function canonicalOr(form: string): Lexical['exact'] {
  return (x, v) => `(${canonical(x, v)} OR ${matches(x, form)})`
}
