import type { Field } from '../contract/field.ts'
import type { Duck } from '../duck/duckdb.ts'
import { literal } from '../names.ts'
import type { Form } from './infer-forms.ts'

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
  /** The least value that has a zero before another digit, a plus, or is `1e5`. */
  coded: string | undefined
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
  const isGiven = `${x} NOT IN (${tokenList})`
  const of = (aggregate: string, ...types: string[]) =>
    types.includes(type) ? `${aggregate} FILTER (${isGiven})` : 'NULL'
  const isDigits = type === 'integer' || type === 'number'
  const cents = decimalChar ? `[-0-9.]+${decimalChar}[0-9]{2}` : '-?[0-9,]+\\.[0-9]{2}'
  const code = literal('^\\s*[+-]?0[0-9]|^\\s*\\+|^\\s*[0-9]+[eE][0-9]+\\s*$')
  const twofold = `regexp_full_match(${x}, ${literal(some ?? '.*')})`
  return [
    `list(DISTINCT ${x}) FILTER (${x} IN (${tokenList}))::JSON::VARCHAR`,
    isDigits ? `min(${x}) FILTER (${isGiven} AND regexp_matches(${x}, ${code}))` : 'NULL',
    of(`bool_or(regexp_matches(${x}, '[0-9]'))`, 'number'),
    of(`min(strlen(trim(${x})))`, 'integer'),
    of(`max(strlen(trim(${x})))`, 'integer', 'number'),
    of(`bool_and(regexp_full_match(${x}, ${literal(cents)}))`, 'number'),
    readings ? `min(${x}) FILTER (${isGiven} AND ${twofold})` : 'NULL',
  ]
}

function factOf([missing, coded, hasDigit, shortest, longest, cents, example]: unknown[]) {
  return {
    missing: (JSON.parse((missing as string | null) ?? '[]') as string[]).toSorted(),
    coded: typeof coded === 'string' ? coded : undefined,
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
 * Whether digits are a name and no quantity, and why: by how they are written; by what the column
 * is called; or as only phone numbers and the like are, with 10 to 15 digits in each value.
 *
 * @returns a clause; undefined where they are a quantity, or no digits
 */
export function codeBy({ form: { type }, name, ...fact }: Fact): string | undefined {
  const { coded, hasDigit, shortest, longest } = fact
  if (type !== 'integer' && type !== 'number') return undefined
  const words = name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
  if (coded !== undefined) return `${JSON.stringify(coded)} ${wayOf(coded)}`
  if (!hasDigit) return 'no value has a digit'
  if (words.some((word) => codes.test(word))) return 'its name is one of phones, codes and the like'
  const isLong = type === 'integer' && shortest >= 10 && longest <= 15 && longest - shortest <= 1
  const isCode = isLong && !words.some((word) => instants.test(word))
  return isCode ? 'its values are as long as phone numbers are' : undefined
}

function wayOf(value: string): string {
  if (/^\s*\+/.test(value)) return 'has a plus, which no number keeps'
  if (/^\s*-?0/.test(value)) return 'has zeros in front, which no number keeps'
  return 'may be a code as well as a power of ten'
}
