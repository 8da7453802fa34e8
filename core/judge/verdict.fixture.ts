import { readFileSync } from 'node:fs'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { expect } from 'vitest'
import type { Contract } from '../contract/contract.ts'
import type { Duck } from '../duck/duckdb.ts'
import { MAX_RECORD, type RowError, rejectsTable } from '../rejects.ts'
import { type ObjectTask, type Verdict, validate } from './validate.ts'

/** A verdict with all that belongs to it: the accepted values as text, and the rejects. */
export interface Judged {
  verdict: Verdict
  rows: (string | null)[][]
  rejects: Kept[]
}

export interface Kept {
  record: number
  line: number
  raw: Buffer
  errors: RowError[]
}

/**
 * Validates into the temporary table `taken`, and checks what must hold of every verdict.
 *
 * @param rows whether the accepted values are fetched
 */
export async function judge(task: ObjectTask, rows?: 'no rows'): Promise<Judged> {
  const { duck, contract } = task
  const verdict = await validate(task, async (select) => {
    await duck.run(`CREATE OR REPLACE TEMP TABLE taken AS ${select}`)
    return Number((await duck.all('SELECT count(*) FROM taken'))[0]![0])
  })
  const rejects = await rejectsOf(duck, verdict.rejects)
  expect(verdict.rejected).toBe(rejects.length)
  expect(verdict.accepted + verdict.rejected).toBe(verdict.records)
  const object = unzipped(readFileSync(task.path))
  const read = reader(object, contract)
  const lines = linesOf(read(object))
  for (const { raw, line } of rejects) expectVerbatim(read(raw), line, lines)
  const taken = rows ? [] : await duck.all('SELECT COLUMNS(*)::VARCHAR FROM taken')
  const width = contract.fields.length
  return { verdict, rejects, rows: taken.map((row) => row.slice(0, width)) as string[][] }
}

/** The file of rejects as its readers see it, in the order of records. */
async function rejectsOf(duck: Duck, path: string | undefined): Promise<Kept[]> {
  if (path === undefined) return []
  const rows = await duck.all(`FROM ${rejectsTable(path)} ORDER BY record`)
  return rows.map(([record, line, raw, , errors]) => ({
    record: Number(record),
    line: Number(line),
    raw: Buffer.from(raw as string, 'hex'),
    errors: JSON.parse(errors as string),
  }))
}

function unzipped(object: Buffer): Buffer {
  const start = object.toString('hex', 0, 4)
  if (start === '28b52ffd') return ofFrames(object)
  return start.startsWith('1f8b') ? gunzipSync(object) : object
}

/** Node takes one frame at a time. */
function ofFrames(object: Buffer): Buffer {
  const { buffer, engine } = zstdDecompressSync(object, { info: true }) as unknown as Unpacked
  const rest = object.subarray(engine.bytesWritten)
  return rest.length === 0 ? buffer : Buffer.concat([buffer, ofFrames(rest)])
}
type Unpacked = { buffer: Buffer; engine: { bytesWritten: number } }

/** Makes every byte a character, or every unit of UTF-16. */
function reader(object: Buffer, { encoding }: Contract): (bytes: Buffer) => string {
  if (!encoding.startsWith('utf-16')) return (bytes) => bytes.toString('latin1')
  const big = encoding === 'utf-16be' || object[0] === 0xfe
  return (bytes) => (big ? Buffer.from(bytes).swap16() : bytes).toString('utf16le')
}

/** Lines with their ends, without a byte order mark. */
function linesOf(text: string): string[] {
  return text.replace(/^(\ufeff|\xef\xbb\xbf)/, '').split(/(?<=\n|\r(?!\n))/)
}

/**
 * The reject's bytes must begin its line of the object and end at a line end, or with the object.
 */
function expectVerbatim(kept: string, line: number, lines: string[]): void {
  const last = line - 1 + kept.split(/\r\n|\r|\n/).length
  const there = lines.slice(line - 1, last).join('')
  const same = there.startsWith(kept)
  const whole = kept.length === MAX_RECORD || /^(\r\n|\r|\n)?$/.test(there.slice(kept.length))
  if (!same || !whole) expect(kept).toBe(there)
}
