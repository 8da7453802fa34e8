import { parseField } from '../contract/field.ts'
import { field as descriptor } from '../contract/field-descriptor.ts'
import type { Duck } from '../duck/duckdb.ts'
import { fileLiteral } from '../names.ts'
import { lexicalOf } from '../types/lexical.ts'
import { readingOf } from './infer-doubts.ts'
import {
  AT_ONCE,
  type Candidate,
  codeBy,
  type Fact,
  factsOf,
  tokenList,
  tokens,
} from './infer-facts.ts'
import { type Form, formsFor, heldBy, propertiesOf } from './infer-forms.ts'
import { type Near, nearest } from './infer-near.ts'
import { type Why, whyOfCode, whyOfDoubt, whyOfNothing } from './infer-whys.ts'
import { booleanWords } from './infer-words.ts'

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

/** Columns of no type that are looked at once more. */
const ASKED = 200
/** Cells that are read to rule out most candidates before all rows are asked. */
const SAMPLE = 100_000

/** What the columns of a file are. */
export interface FoundTypes {
  fields: FoundField[]
  /** Why strings are no more than that. */
  whys: Why[]
  /** Types that strings nearly have. */
  near: Near[]
}

/**
 * For each column the narrowest type that every value fits, by the very expressions that will
 * judge them. What only looks like a number stays a string: `007`, `+5511…`, a code, a phone; and
 * so does what has two readings that nothing in the file decides between.
 */
export async function inferTypes(duck: Duck, values: Values): Promise<FoundTypes> {
  const rows = reader(values)
  const facts = await factsOf(duck, await narrowest(duck, values), rows)
  const codes = facts.filter((fact) => codeBy(fact) !== undefined)
  const sure = facts.filter((fact) => !codes.includes(fact))
  const read = await asTheFileIs(duck, values, sure)
  const isRead = ({ at, form }: Fact) => !form.readings || read.some((one) => one.at === at)
  const fields = values.names.map((name, i) => {
    const fact = [...read, ...sure].find(({ at }) => at === i)
    return fact && !fact.form.readings ? typed(fact) : { name, type: 'string' }
  })
  const doubts = sure.filter((fact) => !isRead(fact))
  const left = values.names.flatMap((_, i) => (facts.some(({ at }) => at === i) ? [] : [i]))
  const empty = await emptyOnes(duck, values, left.slice(0, ASKED))
  const words = left.slice(0, ASKED).filter((at) => !empty.includes(at))
  const near = await nearest(duck, await likely(duck, values, words), rows)
  const whys = [
    ...[...codes.map(whyOfCode), ...doubts.map(whyOfDoubt)],
    ...empty.map((at) => whyOfNothing(values.names[at]!)),
  ]
  return { fields, whys, near }
}

async function emptyOnes(duck: Duck, values: Values, columns: number[]): Promise<number[]> {
  if (columns.length === 0) return []
  const counts = columns.map((at) => `count(c${at})::INTEGER`)
  const [answer = []] = await duck.all(`SELECT ${counts.join(', ')} FROM ${reader(values)}`)
  return columns.filter((_, n) => answer[n] === 0)
}

/** Of the columns with two readings, those that the others decide. */
async function asTheFileIs(duck: Duck, values: Values, facts: Fact[]): Promise<Fact[]> {
  const shown = new Set(facts.flatMap(({ form }) => form.shows ?? []))
  const decided = facts.flatMap((fact) => {
    const form = readingOf(fact, shown)
    return form ? [candidate(fact.name, fact.at, form)] : []
  })
  const fit = decided.length > 0 ? await fitting(duck, decided, reader(values)) : []
  return factsOf(duck, fit, reader(values))
}

/** Those that the first rows do not rule out. */
async function candidates(duck: Duck, values: Values): Promise<Candidate[]> {
  const forms = formsFor(values.delimiter)
  const sample = await sampleOf(duck, values)
  return sample.flatMap((given, i) => {
    // Of a column that begins empty only the plain forms are tried: each costs a look at all rows.
    const isPlain = ({ all, some, late }: Form) => late === true || (!all && !some)
    const some = given.length === 0 ? forms.filter(isPlain) : forms
    const likely = some.filter(({ like }) => given.every((text) => like.test(text)))
    return likely.map((form) => candidate(values.names[i]!, i, form))
  })
}

/** Those that most of the first values have, of columns that have none as a whole. */
async function likely(duck: Duck, values: Values, columns: number[]): Promise<Candidate[]> {
  const forms = [...formsFor(values.delimiter), ...booleanWords]
  const sample = await sampleOf(duck, values)
  return columns.flatMap((at) => {
    const given = sample[at]!
    const fit = (like: RegExp) => given.filter((text) => like.test(text)).length
    const most = forms.filter(({ like }) => 3 * fit(like) > 2 * given.length)
    return most.map((form) => candidate(values.names[at]!, at, form))
  })
}

/** The first values of each column that are more than a mark of a missing value. */
async function sampleOf(duck: Duck, values: Values): Promise<string[][]> {
  const { names } = values
  const rows = await duck.all(
    `FROM ${reader(values)} LIMIT ${Math.ceil(SAMPLE / Math.max(1, names.length))}`,
  )
  return names.map((_, i) =>
    rows
      .filter((row) => row[i] !== null && !tokens.includes(String(row[i])))
      .map((row) => String(row[i])),
  )
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

function candidate(name: string, at: number, form: Form): Candidate {
  const { trueValues, falseValues } = form
  const found = descriptor.parse({ name, ...propertiesOf(form), trueValues, falseValues })
  return { at, name, form, field: parseField(found, [''], { file: '', path: [] }) }
}

const reader = ({ path }: Values) => `read_parquet(${fileLiteral(path)})`

/** Those that every value fits, and at least one that is more than a mark of a missing value. */
async function fitting(duck: Duck, all: Candidate[], rows: string): Promise<Candidate[]> {
  const left: Candidate[] = []
  for (let i = 0; i < all.length; i += AT_ONCE) {
    const some = all.slice(i, i + AT_ONCE)
    const columns = [...new Set(some.map(({ at }) => at))].map((at) => `c${at}`)
    const cast = some.map(({ at, field }, n) => `${lexicalOf(field).value(`c${at}`)} AS v${n}`)
    const fits = some.map(({ at, field, form }, n) => {
      const exact = `(v${n} IS NOT NULL AND (${lexicalOf(field).exact(`c${at}`, `v${n}`)}))`
      const which = `FILTER (c${at} NOT IN (${tokenList}))`
      return `coalesce(bool_and(${exact}) ${which}, false) AND ${heldBy(form, `c${at}`, which)}`
    })
    const [answer] = await duck.all(`SELECT ${fits.join(',\n')}
      FROM (SELECT ${[...columns, ...cast].join(', ')} FROM ${rows})`)
    left.push(...some.filter((_, n) => answer?.[n] === true))
  }
  return left
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
