import { join } from 'node:path'
import { type Contract, parseContract } from './contract.ts'
import { parseOutline } from './descriptor.ts'
import { type Duck, openDuck } from './duckdb.ts'
import { Refused } from './errors.ts'
import { type Cut, type FoundDialect, inferDialect, isData } from './infer-dialect.ts'
import { inferEncoding } from './infer-encoding.ts'
import { inferKeys } from './infer-keys.ts'
import { type FoundField, inferTypes, type Why } from './infer-types.ts'
import { tooWide, WIDE } from './limit.ts'
import { identifier, literal, postgresName } from './names.ts'
import { sizes } from './parquet.ts'
import { type PlainText, plainText, readStart } from './plain-text.ts'
import { decode, parseEncoding } from './text-encoding.ts'
import { validate } from './validate.ts'

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
 * @throws Refused where no dialect fits, or the text cannot be read
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
  if (records === rejected) return { ...words, whys: [], keys: [], records, rejected }
  const narrow = await inferTypes(task.duck, values)
  const fields = await proven(task, { ...frame, fields: narrow.fields }, rejected)
  const keys = await inferKeys(task.duck, values, fields)
  return { ...frame, fields, whys: narrow.whys, keys, records, rejected }
}

async function encodingOf({ path, key, folder }: InferTask): Promise<string> {
  // Latin-1 takes all bytes as they are: only what is packed is unpacked.
  const raw = await plainText(path, key, 'latin-1', folder)
  return inferEncoding(raw.path)
}

function textOf({ path, key, folder }: InferTask, encoding: string): Promise<PlainText> {
  return plainText(path, key, parseEncoding(encoding, key, ['encoding']), folder)
}

function sampleOf({ path, bytes, bom }: PlainText): [Buffer, boolean] {
  const start = bytes ?? readStart(path, SAMPLE)
  return [start.subarray(bom), bytes !== undefined]
}

/**
 * The fields' names: the header's labels. Where a label is blank or stands there twice, no field
 * can have it: then the header is passed over, and fields go by their place.
 */
function namesOf({ dialect, records }: Cut, text: PlainText) {
  const first = (records[0] ?? []).map((cell) => decoded(cell, text))
  if (first.join('').includes('\0')) throw new Refused('encoding-error: a NUL in the header')
  // What is packed, or a picture, may be cut into cells, too, and would be loaded.
  if (/[^\P{Cc}\t\r\n\f\v\u0080-\u009f]/u.test(first.join(''))) {
    throw new Refused('source-error: control characters in the header: is it a CSV?')
  }
  if (isData(records)) {
    const names = first.map((_, i) => `column_${i + 1}`)
    return { names, dialect: { ...dialect, header: false } }
  }
  const names = distinct(first)
  const isHeader = names.every((name, i) => name === first[i])
  if (isHeader) return { names, dialect }
  return { names, dialect: { ...dialect, header: false, commentRows: [1] } }
}

function decoded(cell: string, { encoding }: PlainText): string {
  return decode(Buffer.from(cell, 'latin1'), encoding)
}

/** Names that neither Postgres nor DuckDB takes for the same, and none of our own. */
function distinct(labels: string[]): string[] {
  const key = (name: string) => postgresName(name).toLowerCase()
  const taken = new Set(['_object_id'])
  return labels.map((label, i) => {
    const wanted = label.trim() === '' ? `column_${i + 1}` : label
    let name = wanted
    for (let n = 2; taken.has(key(name)); n++) name = `${wanted}_${n}`
    taken.add(key(name))
    return name
  })
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
  const path = join(task.folder, 'proof.parquet')
  // All values are made, as they will be: a count alone would need none.
  const verdict = await validate({ ...task, contract: contractOf(frame) }, (select) =>
    task.duck.run(`COPY (${select}) TO ${literal(path)} (${options(frame.fields)})`),
  )
  return verdict.rejected
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
async function proven(task: InferTask, found: Frame, rejected: number): Promise<FoundField[]> {
  const unmarked = found.fields.map((field) =>
    field.missingValues ? { name: field.name, type: 'string' } : field,
  )
  const isMarked = found.fields.some((field) => field.missingValues)
  for (const fields of isMarked ? [found.fields, unmarked] : [found.fields]) {
    if ((await rejectedBy(task, { ...found, fields })) === rejected) return fields
  }
  return asText(found).fields
}
