import { join } from 'node:path'
import { sizes } from '../commit/parquet.ts'
import { type Contract, parseContract } from '../contract/contract.ts'
import { parseOutline } from '../contract/descriptor.ts'
import { type Duck, openDuck } from '../duck/duckdb.ts'
import { type BrokenRule, brokenRules } from '../judge/broken-rules.ts'
import { type Verdict, validate } from '../judge/validate.ts'
import { tooWide, WIDE } from '../limit.ts'
import { identifier, literal } from '../names.ts'
import { type PlainText, plainText, readStart } from '../text/plain-text.ts'
import { parseEncoding } from '../text/text-encoding.ts'
import type { FoundDialect } from './infer-dialect.ts'
import { inferEncoding } from './infer-encoding.ts'
import { propertiesOf } from './infer-forms.ts'
import { namesOf } from './infer-header.ts'
import { inferKeys } from './infer-keys.ts'
import { checkKind } from './infer-kind.ts'
import type { Near } from './infer-near.ts'
import { inferDialect } from './infer-titles.ts'
import { type FoundField, inferTypes } from './infer-types.ts'
import { type Why, whyOfLoss, whyOfNear } from './infer-whys.ts'

/** What a file says of itself: the parts of a resource that can be read off all of its rows. */
export interface Inferred {
  /** Undefined where it is the standard's default, UTF-8. */
  encoding: string | undefined
  /** Without a property where all is the standard's default. */
  dialect: FoundDialect
  fields: FoundField[]
  /** Of fields that are strings, and look like more. */
  whys: Why[]
  /** Candidates for a primary key: never missing, and once only in this file. */
  keys: string[][]
  records: number
  /** Records that no contract could take: of another width, with a broken quote, blank. */
  rejected: number
  /** What those break. */
  rules: BrokenRule[]
}

/** An object's bytes on this machine, its key, and a folder of our own. */
export interface InferTask {
  duck: Duck
  path: string
  key: string
  folder: string
}

/** Each file of values has a name of its own: DuckDB keeps parts of files by their names. */
let made = 0

/** So much of a text shows its dialect. */
const SAMPLE = 1 << 20

/**
 * Infers a contract from a whole file, in bounded memory. Every value was tried by the expressions
 * that will judge it, and the contract itself was run against the file at last: it rejects nothing
 * but what is no record of the file's own width.
 *
 * @throws Refused where no dialect fits, the text cannot be read, or it is none
 */
export async function infer(task: InferTask): Promise<Inferred> {
  const encoding = await encodingOf(task)
  const text = await textOf(task, encoding)
  const cut = inferDialect(...sampleOf(text))
  const { names, dialect } = namesOf(cut, text)
  const frame = { encoding: encoding === 'utf-8' ? undefined : encoding, dialect }
  return withRoom(task, names.length, (roomy) => inferFields(roomy, names, frame))
}

/**
 * A wide table is read by an engine of its own, as it will be when it is loaded.
 *
 * @throws Refused where there is no memory for it
 */
async function withRoom<T>(
  task: InferTask,
  columns: number,
  work: (task: InferTask) => Promise<T>,
): Promise<T> {
  const own = columns > WIDE ? await openDuck(0, columns) : undefined
  try {
    return await work(own ? { ...task, duck: own } : task)
  } catch (error) {
    throw tooWide(error, columns)
  } finally {
    own?.close()
  }
}

async function inferFields(
  task: InferTask,
  names: string[],
  frame: Pick<Inferred, 'encoding' | 'dialect'>,
): Promise<Inferred> {
  const words = asText({ ...frame, fields: names.map((name) => ({ name, type: '' })) })
  const path = join(task.folder, `values-${made++}.parquet`)
  const { records, rejected } = await validate({ ...task, contract: contractOf(words) }, (select) =>
    keepValues(task.duck, select, names, path),
  )
  const values = { path, names, delimiter: frame.dialect.delimiter ?? ',' }
  const counts = { records, rejected }
  if (records === rejected) {
    const { rules } = await judgedBy(task, words)
    return { ...words, ...counts, whys: [], keys: [], rules }
  }
  const narrow = await inferTypes(task.duck, values)
  const { fields, rules } = await proven(task, { ...frame, fields: narrow.fields }, rejected)
  const found = { ...frame, fields }
  const lost = narrow.fields.filter(({ type }, i) => type !== fields[i]!.type)
  const near = await whysOf(task, found, narrow.near)
  const all = [...narrow.whys, ...lost.map(whyOfLoss), ...near]
  const whys = names.flatMap((name) => all.filter(({ field }) => field === name))
  const keys = await inferKeys(task.duck, values, fields)
  return { ...found, ...counts, whys, keys, rules }
}

/** So many values that do not fit are looked for in the file, to tell of each column the first. */
const SOUGHT = 10_000

/** Why columns have not the types that they nearly have; where, says the verdict by those types. */
async function whysOf(task: InferTask, found: Frame, near: Near[]): Promise<Why[]> {
  const misfits = near.reduce((sum, one) => sum + one.misfits, 0)
  const fields = found.fields.map((field) => {
    const one = near.find(({ name }) => name === field.name)
    const none = one && one.missing.length > 0 ? { missingValues: ['', ...one.missing] } : {}
    return one ? { name: one.name, ...propertiesOf(one.form), ...none } : field
  })
  const isSought = misfits > 0 && misfits <= SOUGHT
  const verdict = isSought ? await verdictBy(task, { ...found, fields }) : { rejects: undefined }
  const rules = await brokenRules(task.duck, verdict, 'type-error')
  return near.map((one) => {
    return whyOfNear(one, rules.find(({ field }) => field === one.name)?.examples[0])
  })
}

async function encodingOf({ path, key, folder }: InferTask): Promise<string> {
  // Latin-1 takes all bytes as they are: only what is packed is unpacked.
  const raw = await plainText(path, key, 'latin-1', folder)
  checkKind(raw.bytes ?? readStart(raw.path, 64))
  return inferEncoding(raw.path)
}

function textOf({ path, key, folder }: InferTask, encoding: string): Promise<PlainText> {
  return plainText(path, key, parseEncoding(encoding, key, ['encoding']), folder)
}

function sampleOf({ path, bytes, bom }: PlainText): [Buffer, boolean] {
  const start = bytes ?? readStart(path, SAMPLE)
  return [start.subarray(bom), bytes !== undefined]
}

async function keepValues(duck: Duck, select: string, names: string[], path: string) {
  const columns = names.map((name, i) => `${identifier(name)} AS c${i}`)
  return duck.run(`COPY (SELECT ${columns.join(', ')} FROM (${select}))
    TO ${literal(path)} (${options(names)})`)
}

function options(fields: unknown[]): string {
  return `FORMAT parquet, COMPRESSION lz4, ${sizes(fields)}`
}

/** The parts of a resource that decide verdicts. */
export type Frame = Pick<Inferred, 'encoding' | 'dialect' | 'fields'>

/** The same with every field a string. */
export function asText(frame: Frame): Frame {
  return { ...frame, fields: frame.fields.map(({ name }) => ({ name, type: 'string' })) }
}

/** How many records of an object a contract of these parts rejects, by its real verdict. */
export async function rejectedBy(task: InferTask, frame: Frame): Promise<number> {
  return (await verdictBy(task, frame)).rejected
}

/** The same, and the rules that they break. */
async function judgedBy(task: InferTask, frame: Frame) {
  const verdict = await verdictBy(task, frame)
  return { rejected: verdict.rejected, rules: await brokenRules(task.duck, verdict) }
}

function verdictBy(task: InferTask, frame: Frame): Promise<Verdict> {
  const path = join(task.folder, 'proof.parquet')
  // All values are made, as they will be: a count alone would need none.
  return validate({ ...task, contract: contractOf(frame) }, (select) =>
    task.duck.run(`COPY (${select}) TO ${literal(path)} (${options(frame.fields)})`),
  )
}

function contractOf({ encoding, dialect, fields }: Frame): Contract {
  const one = { name: 'inferred', path: 'inferred.csv', dialect, schema: { fields } }
  const whole = { resources: [encoding === undefined ? one : { ...one, encoding }] }
  const file = 'bronze/inferred/datapackage.json'
  return parseContract(parseOutline(JSON.stringify(whole), file), 0, file)
}

/**
 * The fields as they are, or with the marks of missing values taken for text, or all of them as
 * text; the first that rejects no more than text alone would. A record of nothing but such marks
 * would be blank, so that they are not always to be had.
 */
async function proven(
  task: InferTask,
  found: Frame,
  rejected: number,
): Promise<{ fields: FoundField[]; rules: BrokenRule[] }> {
  const unmarked = found.fields.map((field) =>
    field.missingValues ? { name: field.name, type: 'string' } : field,
  )
  const isMarked = found.fields.some((field) => field.missingValues)
  for (const fields of isMarked ? [found.fields, unmarked] : [found.fields]) {
    const judged = await judgedBy(task, { ...found, fields })
    if (judged.rejected === rejected) return { fields, rules: judged.rules }
  }
  const { rules } = await judgedBy(task, asText(found))
  return { fields: asText(found).fields, rules }
}
