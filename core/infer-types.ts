import type { Duck } from './duckdb.ts'
import { type Field, parseField } from './field.ts'
import { field as descriptor } from './field-descriptor.ts'
import { type Form, formsFor, heldBy, propertiesOf } from './infer-forms.ts'
import { lexicalOf } from './lexical.ts'
import { literal } from './names.ts'

/** A field as a proposal has it. */
export interface FoundField {
  name: string
  type: string
  format?: string
  decimalChar?: string
  groupChar?: string
  missingValues?: string[]
  sluice?: { decimal: [number, number] }
}

/** All values of a file: a Parquet file of texts, its columns c0, c1, … in the names' order. */
export interface Values {
  path: string
  names: string[]
  /** Of the file's cells. */
  delimiter: string
}

/**
 * What files write where nothing is known. They count as missing only in a column whose other
 * values have a type: among words, `NA` may be a country.
 */
const tokens = ['NA', 'N/A', 'n/a', 'null', 'NULL', '\\N', '-']

/** DuckDB plans a statement of so many candidates in a moment, and one of thousands in minutes. */
const AT_ONCE = 60
/** Cells that are read to rule out most candidates before all rows are asked. */
const SAMPLE = 100_000

/**
 * For each column the narrowest type that every value fits, by the very expressions that will
 * judge them. What only looks like a number stays a string: `007`, `+5511…`, a code, a phone.
 */
export async function inferTypes(duck: Duck, values: Values): Promise<FoundField[]> {
  const facts = await factsOf(duck, await narrowest(duck, values), values)
  return values.names.map((name, i) => {
    const fact = facts.find(({ at }) => at === i)
    return fact && !isCode(fact) ? typed(fact) : { name, type: 'string' }
  })
}

/** Those that the first rows do not rule out. */
async function candidates(duck: Duck, values: Values): Promise<Candidate[]> {
  const { names } = values
  const forms = formsFor(values.delimiter)
  const rows = await duck.all(
    `FROM ${reader(values)} LIMIT ${Math.ceil(SAMPLE / Math.max(1, names.length))}`,
  )
  return names.flatMap((name, i) => {
    const given = rows.map((row) => row[i]).filter((x) => x !== null && !tokens.includes(String(x)))
    // Of a column that begins empty only the plain forms are tried: each costs a look at all rows.
    const some = given.length === 0 ? forms.filter(({ all, some }) => !all && !some) : forms
    const likely = some.filter(({ like }) => given.every((x) => like.test(String(x))))
    return likely.map((form) => candidate(name, i, form))
  })
}

/** For each column that has one: its next candidate is asked for where the one before failed. */
async function narrowest(duck: Duck, values: Values): Promise<Candidate[]> {
  const found: Candidate[] = []
  let left = await candidates(duck, values)
  while (left.length > 0) {
    const byColumn = [...Map.groupBy(left, ({ at }) => at).values()]
    const first = byColumn.map((some) => some[0]!)
    const fit = await fitting(duck, first, reader(values))
    found.push(...fit)
    left = byColumn.filter((some) => !fit.includes(some[0]!)).flatMap((some) => some.slice(1))
  }
  return found
}

interface Candidate {
  at: number
  name: string
  form: Form
  field: Field
}

function candidate(name: string, at: number, form: Form): Candidate {
  const { trueValues, falseValues } = form
  const found = descriptor.parse({ name, ...propertiesOf(form), trueValues, falseValues })
  return { at, name, form, field: parseField(found, [''], { file: '', path: [] }) }
}

const reader = ({ path }: Values) => `read_parquet(${literal(path)})`
const list = tokens.map(literal).join(', ')

/** Those that every value fits, and at least one that is more than a mark of a missing value. */
async function fitting(duck: Duck, all: Candidate[], rows: string): Promise<Candidate[]> {
  const left: Candidate[] = []
  for (let i = 0; i < all.length; i += AT_ONCE) {
    const some = all.slice(i, i + AT_ONCE)
    const columns = [...new Set(some.map(({ at }) => at))].map((at) => `c${at}`)
    const cast = some.map(({ at, field }, n) => `${lexicalOf(field).value(`c${at}`)} AS v${n}`)
    const fits = some.map(({ at, field, form }, n) => {
      const exact = `(v${n} IS NOT NULL AND (${lexicalOf(field).exact(`c${at}`, `v${n}`)}))`
      const which = `FILTER (c${at} NOT IN (${list}))`
      return `coalesce(bool_and(${exact}) ${which}, false) AND ${heldBy(form, `c${at}`, which)}`
    })
    const [answer] = await duck.all(`SELECT ${fits.join(',\n')}
      FROM (SELECT ${[...columns, ...cast].join(', ')} FROM ${rows})`)
    left.push(...some.filter((_, n) => answer?.[n] === true))
  }
  return left
}

interface Fact extends Candidate {
  missing: string[]
  /** Whether some value has a zero before another digit, a plus, or `1e5` without a point. */
  coded: boolean
  hasDigit: boolean
  /** Characters of the shortest and the longest value. */
  shortest: number
  longest: number
  /** Whether every value has exactly two decimals. */
  cents: boolean
}

async function factsOf(duck: Duck, found: Candidate[], values: Values): Promise<Fact[]> {
  const facts: Fact[] = []
  for (let i = 0; i < found.length; i += AT_ONCE) {
    const some = found.slice(i, i + AT_ONCE)
    const asked = some.flatMap(({ at, form }) => askedOf(`c${at}`, form))
    const [answer = []] = await duck.all(`SELECT ${asked.join(',\n')} FROM ${reader(values)}`)
    facts.push(...some.map((one, n) => ({ ...one, ...factOf(answer.slice(6 * n, 6 * n + 6)) })))
  }
  return facts
}

/** What is not asked of a type costs no plan. */
function askedOf(x: string, { type, decimalChar }: Form): string[] {
  const of = (aggregate: string, ...types: string[]) =>
    types.includes(type) ? `${aggregate} FILTER (${x} NOT IN (${list}))` : 'NULL'
  const cents = decimalChar ? `[-0-9.]+${decimalChar}[0-9]{2}` : '-?[0-9,]+\\.[0-9]{2}'
  const code = literal('^\\s*[+-]?0[0-9]|^\\s*\\+|^\\s*[0-9]+[eE][0-9]+\\s*$')
  return [
    `list(DISTINCT ${x}) FILTER (${x} IN (${list}))::JSON::VARCHAR`,
    of(`bool_or(regexp_matches(${x}, ${code}))`, 'integer', 'number'),
    of(`bool_or(regexp_matches(${x}, '[0-9]'))`, 'number'),
    of(`min(strlen(trim(${x})))`, 'integer'),
    of(`max(strlen(trim(${x})))`, 'integer', 'number'),
    of(`bool_and(regexp_full_match(${x}, ${literal(cents)}))`, 'number'),
  ]
}

function factOf([missing, coded, hasDigit, shortest, longest, cents]: unknown[]) {
  return {
    missing: (JSON.parse((missing as string | null) ?? '[]') as string[]).toSorted(),
    coded: coded === true,
    hasDigit: hasDigit !== false,
    shortest: Number(shortest),
    longest: Number(longest),
    cents: cents === true,
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
function isCode({ form: { type }, name, coded, hasDigit, shortest, longest }: Fact): boolean {
  if (type !== 'integer' && type !== 'number') return false
  const words = name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
  if (coded || !hasDigit || words.some((word) => codes.test(word))) return true
  const isLong = type === 'integer' && shortest >= 10 && longest <= 15 && longest - shortest <= 1
  return isLong && !words.some((word) => instants.test(word))
}

/** Amounts of money, by their names: what always has two decimals is kept as a decimal then. */
const money =
  /(price|amount|total|cost|fee|tax|balance|revenue|salary|wage|payment|discount|preco|valor)/i

function typed({ name, form, missing, cents, longest }: Fact): FoundField {
  const missingValues = missing.length > 0 ? { missingValues: ['', ...missing] } : {}
  const exact = form.type === 'number' && cents && money.test(name) && longest <= 16
  const decimal: [number, number] = [18, 2]
  return {
    name,
    ...propertiesOf(form),
    ...missingValues,
    ...(exact ? { sluice: { decimal } } : {}),
  }
}
