import { join } from 'node:path'
import { membersOf } from '../contract/constraint.ts'
import type { Contract } from '../contract/contract.ts'
import { checkStored } from '../contract/stored.ts'
import type { RuleCount } from '../database/reject-rules.ts'
import { DataError, type Duck } from '../duck/duckdb.ts'
import { Refused } from '../errors.ts'
import { checkColumns } from '../limit.ts'
import { RejectFile } from '../rejects.ts'
import { isBelowReplay } from '../replay/replay.ts'
import { annotate, isReadable } from '../text/annotate.ts'
import { commentsOf } from '../text/comments.ts'
import { type Layout, readLayout } from '../text/header.ts'
import { type PlainText, plainText } from '../text/plain-text.ts'
import { type Facts, glimpse, probe } from '../text/probe.ts'
import { judge } from './judge.ts'
import { hasTwice } from './keys.ts'
import { Plan } from './plan.ts'
import { ratioRefusal } from './reject-ratio.ts'

/** What validation says of an object: every record is accepted or rejected. */
export interface Verdict {
  records: number
  accepted: number
  rejected: number
  /** The rejects' CSV file (see RejectFile), where there are any. */
  rejects: string | undefined
  /** What of the header was unexpected, and is allowed; each a sentence. */
  drift: string[]
  /** Of the object's cells, where records were rejected. */
  labels?: string[] | undefined
  /** Which rules rejected them. */
  rules?: RuleCount[] | undefined
}

export interface Task {
  duck: Duck
  contract: Contract
  /** A folder of our own for whatever is written on the way. */
  folder: string
  /** Whether rows must carry `record` and `line`; the fast way does not know them. */
  places?: boolean
}

export interface ObjectTask extends Task {
  /** The object's bytes on this machine, and its key (whose ending may say how they are packed). */
  path: string
  key: string
}

/**
 * Takes a SELECT of accepted rows, writes them somewhere, and says how many they were. It may be
 * called again, also after it went well: what an earlier call wrote is thrown away then.
 */
export type Sink = (select: string) => Promise<number>

/**
 * Judges every record of an object by its contract, and hands the accepted ones to `sink`.
 *
 * The fast way is one pass of DuckDB over the object as it stands, which holds only for an object
 * without a single wrong record; the first one, or anything unusual in the text, ends it, and the
 * exact way begins anew.
 *
 * @throws Refused where the object cannot be taken whole: its header, encoding, too many rejects
 */
export async function validate(task: ObjectTask, sink: Sink): Promise<Verdict> {
  const { contract, folder } = task
  const { encoding, stored } = contract
  await checkStored(task.path, task.key, stored)
  const text = await plainText(task.path, task.key, encoding, folder, stored.compression)
  const layout = await readLayout(text, contract)
  // The source was told of what its header lacks; and what is ours is no drift.
  const known = isBelowReplay(task.key) ? { ...layout, drift: [] } : layout
  return validateText(task, text, known, sink)
}

/** The same of a text whose layout is known. */
export async function validateText(
  task: Task,
  text: PlainText,
  layout: Layout,
  sink: Sink,
): Promise<Verdict> {
  const { contract, duck } = task
  checkColumns(Math.max(contract.fields.length, layout.fields.length))
  await checkMembers(duck, contract)
  const plan = new Plan(contract, layout)
  const { delimiter } = contract.dialect
  const first = glimpse(text, delimiter)
  // The look at the rest goes on beside DuckDB; its pass counts only if nothing was seen.
  const looking = text.bytes ? Promise.resolve(first) : probe(text.path, delimiter)
  looking.catch(() => {})
  const fits = (facts: Facts) => isPlain(facts, text, layout, contract)
  const accepted =
    !task.places && fits(first) ? await fast(duck, plan, text, first, sink) : undefined
  const facts = await looking
  if (accepted !== undefined && fits(facts) && facts.lineEnd === first.lineEnd) {
    return { records: accepted, accepted, rejected: 0, rejects: undefined, drift: layout.drift }
  }
  return exact(task, text, layout, plan, facts.utf8, sink)
}

/** Whether DuckDB reads the object as it stands just as the standard does. */
export function isPlain(
  facts: Facts,
  text: PlainText,
  layout: Layout,
  contract: Contract,
): boolean {
  const { dialect } = contract
  const comments = commentsOf(dialect, text.encoding)
  const ordinary = isReadable(dialect) && !dialect.skipInitialSpace && !comments
  const read = text.encoding === 'utf-8' && facts.utf8 && facts.lineEnd !== 'mixed'
  return ordinary && read && !facts.tricky && layout.plain
}

async function fast(
  duck: Duck,
  plan: Plan,
  text: PlainText,
  facts: Facts,
  sink: Sink,
): Promise<number | undefined> {
  const source = plan.plainSource(text.path, facts.lineEnd === 'crlf' ? 'crlf' : 'lf')
  try {
    if (await hasTwice(duck, plan, source)) return undefined
    const quick = text.bytes ? await unlessWrong(sink, plan.strict(source, true)) : undefined
    return quick ?? (await unlessWrong(sink, plan.strict(source, false)))
  } catch (error) {
    if (error instanceof DataError) return undefined
    throw error
  }
}

/** The number of rows; or undefined where a record does not hold. */
async function unlessWrong(sink: Sink, select: string): Promise<number | undefined> {
  try {
    return await sink(select)
  } catch (error) {
    if (error instanceof DataError) return undefined
    throw error
  }
}

async function exact(
  task: Task,
  text: PlainText,
  layout: Layout,
  plan: Plan,
  utf8: boolean,
  sink: Sink,
): Promise<Verdict> {
  const { duck, contract, folder } = task
  const rejects = await RejectFile.create(join(folder, 'rejects.csv'), text)
  try {
    const path = join(folder, 'annotated.csv')
    const annotated = await annotate(text, layout, contract.dialect, utf8, path, rejects)
    const source = plan.annotatedSource(annotated)
    for await (const reject of judge(duck, plan, source)) await rejects.add(reject)
    const refusal = ratioRefusal(rejects.count, annotated.records, contract)
    if (refusal !== undefined) throw new Refused(refusal)
    const also = task.places ? ['record', 'line'] : []
    const accepted = await sink(plan.accepted(source, 'wrong', also))
    checkSum(accepted, rejects.count, annotated.records)
    return {
      records: annotated.records,
      accepted,
      rejected: rejects.count,
      rejects: rejects.count > 0 ? rejects.path : undefined,
      drift: layout.drift,
      labels: rejects.count > 0 ? labelsOf(layout) : undefined,
      rules: rejects.rules,
    }
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    throw new Refused(`source-error: ${error.message.split('\n')[0]}`)
  } finally {
    try {
      await rejects.close()
    } finally {
      for (const table of ['wrong', 'twice']) await duck.run(`DROP TABLE IF EXISTS ${table}`)
    }
  }
}

/** Without a header, cells have their fields' names. */
function labelsOf({ labels, fields }: Layout): string[] {
  return labels ?? fields.map((field) => field?.name ?? '')
}

/** Promise 1, looked at where it could break: our records and DuckDB's must be the same ones. */
function checkSum(accepted: number, rejected: number, records: number): void {
  if (accepted + rejected === records) return
  throw new Error(
    `${records} records were read, but ${accepted} accepted and ${rejected} rejected: ` +
      'a fault of Sluice',
  )
}

const known = new Set<string>()

/**
 * A pattern that RE2 does not take, or a bound that is no value of its type, refuses the object.
 */
export async function checkMembers(duck: Duck, contract: Contract): Promise<void> {
  if (known.has(contract.hash)) return
  for (const { field, name, value, sql } of contract.fields.flatMap(membersOf)) {
    const at = `${contract.file}: field ${JSON.stringify(field)}`
    const told = `${at}: ${name} ${JSON.stringify(value)}`
    try {
      const [[fits]] = (await duck.all(`SELECT ${sql}`)) as [[boolean]]
      if (!fits) throw new Refused(`${told} is no value of the field's type`)
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      throw new Refused(`${told} is no regular expression of RE2: ${error.message}`)
    }
  }
  known.add(contract.hash)
}
