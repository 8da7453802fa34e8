import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { parseContract } from './contract.ts'
import { parseOutline } from './descriptor.ts'
import { type Duck, openDuck } from './duckdb.ts'
import { Refused } from './errors.ts'
import type { RowError } from './rejects.ts'
import { validate } from './validate.ts'

/**
 * A folder a case: a descriptor, its object, and the verdict on it. `rejected` lists record, line,
 * rules and fields (null for the whole record); `rows` the accepted values as text, where a case is
 * about them; `refused` is a part of the reason. A bug report becomes a folder.
 */
interface Expected {
  records?: number
  rejected?: [number, number, string[], (string | null)[]][]
  rows?: (string | null)[][]
  refused?: string
}

const corpus = join(import.meta.dirname, 'corpus')
const duck = await openDuck()
const scratch = mkdtempSync(join(tmpdir(), 'sluice-corpus-'))
afterAll(() => rmSync(scratch, { recursive: true }))

describe.each(readdirSync(corpus))('%s', (name) => {
  const expected: Expected = JSON.parse(readFileSync(join(corpus, name, 'expected.json'), 'utf8'))

  test.each([false, true])('judged as expected, with places: %s', async (places) => {
    const found = await judge(join(corpus, name), places)
    if (expected.refused !== undefined) expect(found.refused).toContain(expected.refused)
    else {
      expect(found.refused).toBe(undefined)
      const { records, rejected } = expected
      expect({ records: found.records, rejected: found.rejected }).toEqual({ records, rejected })
      if (expected.rows) expect(found.rows).toEqual(expected.rows)
    }
  })
})

async function judge(folder: string, places: boolean): Promise<Expected> {
  const file = 'bronze/corpus/datapackage.yaml'
  try {
    const outline = parseOutline(readFileSync(join(folder, 'datapackage.yaml'), 'utf8'), file)
    const contract = parseContract(outline, 0, file)
    const key = outline.resources[0]!.path![0]!
    const path = join(folder, key)
    const own = mkdtempSync(join(scratch, 'case-'))
    const task = { duck, contract, path, key, folder: own, places }
    const verdict = await validate(task, async (select) => {
      await duck.run(`CREATE OR REPLACE TEMP TABLE taken AS ${select}`)
      return Number((await duck.all('SELECT count(*) FROM taken'))[0]![0])
    })
    const rejects = await rejectsOf(duck, verdict.rejects)
    expect(verdict.rejected).toBe(rejects.length)
    expect(verdict.accepted + verdict.rejected).toBe(verdict.records)
    const wide = contract.encoding.startsWith('utf-16')
    for (const reject of rejects) expectVerbatim(reject, readFileSync(path), wide)
    const rows = await duck.all('SELECT COLUMNS(*)::VARCHAR FROM taken')
    return {
      records: verdict.records,
      rejected: rejects.map(({ record, line, errors }) => [
        record,
        line,
        errors.map((error) => error.rule),
        errors.map((error) => error.field ?? null),
      ]),
      rows: rows.map((row) => row.slice(0, contract.fields.length)) as string[][],
    }
  } catch (error) {
    if (error instanceof Refused) return { refused: error.message }
    throw error
  }
}

interface Kept {
  record: number
  line: number
  raw: Buffer
  errors: RowError[]
}

/** The file of rejects as its readers see it, in the order of records. */
async function rejectsOf(duck: Duck, path: string | undefined): Promise<Kept[]> {
  if (path === undefined) return []
  const rows =
    await duck.all(`SELECT * FROM read_csv('${path}', header = false, auto_detect = false, new_line = '\\n',
    columns = {record: 'INT', line: 'INT', raw: 'VARCHAR', text: 'VARCHAR', errors: 'VARCHAR'})
    ORDER BY record`)
  return rows.map(([record, line, raw, , errors]) => ({
    record: record as number,
    line: line as number,
    raw: Buffer.from((raw ?? '') as string, 'hex'),
    errors: JSON.parse(errors as string),
  }))
}

/** The reject's bytes must begin its line of the object and end at a line end, or with the object. */
function expectVerbatim({ raw, line }: Kept, object: Buffer, wide: boolean): void {
  const bytes = object.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))
    ? gunzipSync(object)
    : object
  const big = bytes[0] === 0xfe || (wide && bytes[0] === 0)
  const code = (text: Buffer) => {
    if (!wide) return text.toString('latin1')
    return (big ? Buffer.from(text).swap16() : text).toString('utf16le')
  }
  const lines = code(bytes)
    .replace(/^(\ufeff|\xef\xbb\xbf)/, '')
    .split(/(?<=\r\n|\n|\r(?!\n))/)
  const rest = lines.slice(line - 1).join('')
  expect(rest.slice(0, code(raw).length)).toBe(code(raw))
  expect(rest.slice(code(raw).length, code(raw).length + 1)).toMatch(/^[\r\n]?$/)
}
