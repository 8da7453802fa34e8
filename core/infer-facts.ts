import type { Duck } from './duckdb.ts'
import type { Field } from './field.ts'
import type { Form } from './infer-forms.ts'
import { literal } from './names.ts'

/** A form that a column may have. */
export interface Candidate {
  at: number
  name: string
  form: Form
  field: Field
}

/** A form that a column has, and what else its values show. */
export interface Fact extends Candidate {
  missing: string[]
  /** Whether some value has a zero before another digit, a plus, or `1e5` without a point. */
  coded: boolean
  hasDigit: boolean
  /** Characters of the shortest and the longest value. */
  shortest: number
  longest: number
  /** Whether every value has exactly two decimals. */
  cents: boolean
  /** The least of the values that can be read in two ways, where all can. */
  example: string | undefined
}

/**
 * What files write where nothing is known. They count as missing only in a column whose other
 * values have a type: among words, `NA` may be a country.
 */
export const tokens = ['NA', 'N/A', 'n/a', 'null', 'NULL', '\\N', '-']
export const tokenList = tokens.map(literal).join(', ')

/** DuckDB plans a statement of so many candidates in a moment, and one of thousands in minutes. */
export const AT_ONCE = 60

/** @param rows what has the columns c0, c1, … */
export async function factsOf(duck: Duck, found: Candidate[], rows: string): Promise<Fact[]> {
  const facts: Fact[] = []
  for (let i = 0; i < found.length; i += AT_ONCE) {
    const some = found.slice(i, i + AT_ONCE)
    const asked = some.flatMap(({ at, form }) => askedOf(`c${at}`, form))
    const [answer = []] = await duck.all(`SELECT ${asked.join(',\n')} FROM ${rows}`)
    facts.push(...some.map((one, n) => ({ ...one, ...factOf(answer.slice(7 * n, 7 * n + 7)) })))
  }
  return facts
}

/** What is not asked of a type costs no plan. */
function askedOf(x: string, { type, decimalChar, readings, some }: Form): string[] {
  const given = `FILTER (${x} NOT IN (${tokenList}))`
  const of = (aggregate: string, ...types: string[]) =>
    types.includes(type) ? `${aggregate} ${given}` : 'NULL'
  const cents = decimalChar ? `[-0-9.]+${decimalChar}[0-9]{2}` : '-?[0-9,]+\\.[0-9]{2}'
  const code = literal('^\\s*[+-]?0[0-9]|^\\s*\\+|^\\s*[0-9]+[eE][0-9]+\\s*$')
  const twofold = `regexp_full_match(${x}, ${literal(some ?? '.*')})`
  return [
    `list(DISTINCT ${x}) FILTER (${x} IN (${tokenList}))::JSON::VARCHAR`,
    of(`bool_or(regexp_matches(${x}, ${code}))`, 'integer', 'number'),
    of(`bool_or(regexp_matches(${x}, '[0-9]'))`, 'number'),
    of(`min(strlen(trim(${x})))`, 'integer'),
    of(`max(strlen(trim(${x})))`, 'integer', 'number'),
    of(`bool_and(regexp_full_match(${x}, ${literal(cents)}))`, 'number'),
    readings ? `min(${x}) FILTER (${x} NOT IN (${tokenList}) AND ${twofold})` : 'NULL',
  ]
}

function factOf([missing, coded, hasDigit, shortest, longest, cents, example]: unknown[]) {
  return {
    missing: (JSON.parse((missing as string | null) ?? '[]') as string[]).toSorted(),
    coded: coded === true,
    hasDigit: hasDigit !== false,
    shortest: Number(shortest),
    longest: Number(longest),
    cents: cents === true,
    example: typeof example === 'string' ? example : undefined,
  }
}

/** Names, as words in small letters, of what is written in digits and counts nothing. */
const codes = new RegExp(
  '^(phones?|tele?phone|telefone|tel|mobile|celular|cell|cellphone|fax|whatsapp|msisdn|imei|' +
    'zip|zipcode|postal|postcode|plz|cep|ssn|cpf|cnpj|ein|vat|iban|bic|swift|isbn|issn|ean|' +
    'ean13|upc|gtin|sku|barcode|code|codes|cod|codigo|código|fips|pin)$',
)
const instants = /^(id|ids|time|timestamp|epoch|ts|at|ms|sec|seconds|bytes)$/

/**
 * Whether digits are a name and no quantity: by how they are written; by what the column is
 * called; or as only phone numbers and the like are, with 10 to 15 digits in each value.
 */
export function isCode({ form: { type }, name, ...fact }: Fact): boolean {
  const { coded, hasDigit, shortest, longest } = fact
  if (type !== 'integer' && type !== 'number') return false
  const words = name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
  if (coded || !hasDigit || words.some((word) => codes.test(word))) return true
  const isLong = type === 'integer' && shortest >= 10 && longest <= 15 && longest - shortest <= 1
  return isLong && !words.some((word) => instants.test(word))
}
