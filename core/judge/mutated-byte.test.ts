import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { parseContract } from '../contract/contract.ts'
import { openDuck } from '../duck/duckdb.ts'
import { Refused } from '../errors.ts'
import { judge } from './verdict.fixture.ts'

/**
 * One byte changes at most the verdict of its own record; where a quote or a line end is made or
 * lost, those up to the next clean record; where keys are, also of records that share the old or
 * the new one. Or the object is refused, with a reason. Rounds: SLUICE_ROUNDS (default 50).
 */
const rounds = { numRuns: Number(process.env.SLUICE_ROUNDS ?? 50) }

const duck = await openDuck()
const scratch = mkdtempSync(join(tmpdir(), 'sluice-byte-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const fields = [
  { name: 'id', type: 'integer' },
  { name: 'text', type: 'string', constraints: { maxLength: 12 } },
  { name: 'price', type: 'number', sluice: { decimal: [8, 2] } },
  { name: 'day', type: 'date' },
]

/** @param primaryKey the fields of the key, if there is one */
function contractOf(primaryKey: string[]) {
  const key = primaryKey.length > 0 ? { primaryKey } : {}
  const resource = { name: 't', path: 't.csv', schema: { fields, ...key } }
  return parseContract({ resources: [resource] } as never, 0, 'bronze/t/datapackage.yaml')
}

const cells = fc.tuple(
  fc.constantFrom(
    'plain',
    '"in, quotes"',
    '"a ""quote"""',
    '"two\nlines"',
    'ção',
    '',
    'too long a text',
  ),
  fc.constantFrom('1.50', '0', '-3.1', '1.234', 'x'),
  fc.constantFrom('2026-01-31', '2026-02-30', ''),
)
const lines = fc.array(cells, { minLength: 3, maxLength: 12 }).map((rows) => {
  return rows.map((row, i) => [i + 1, ...row].join(','))
})

/** By the line that it begins at: what was said of a record. */
type Verdicts = Map<number, string>

async function verdictsOf(bytes: Buffer, primaryKey: string[]): Promise<Verdicts | 'refused'> {
  const path = join(scratch, 't.csv')
  writeFileSync(path, bytes)
  const folder = mkdtempSync(join(scratch, 'run-'))
  const contract = contractOf(primaryKey)
  try {
    const { rejects } = await judge({ duck, contract, path, key: 't.csv', folder, places: true })
    const taken = await duck.all('SELECT line::INTEGER, to_json(t)::VARCHAR FROM taken t')
    const told = taken.map(([line, row]): [number, string] => {
      return [line as number, String(row).replace(/"record":\d+,"line":\d+/, '')]
    })
    const why = rejects.map(({ line, errors }): [number, string] => {
      // Which record has a key before is told by its number, and numbers may shift.
      return [line, JSON.stringify(errors).replace(/record \d+/g, 'a record')]
    })
    return new Map([...told, ...why])
  } catch (error) {
    expect(error).toBeInstanceOf(Refused)
    expect((error as Refused).message).not.toBe('')
    return 'refused'
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const mutation = fc.record({
  lines,
  at: fc.nat(),
  byte: fc.oneof(
    fc.nat(255),
    fc.constantFrom(...[...'",\n\r 0x1'].map((one) => one.charCodeAt(0))),
  ),
})

const isMark = (byte: number) => [10, 13, 34].includes(byte)

test.each([[[]], [['id']]])('of one changed byte, with the key %j', async (primaryKey) => {
  await fc.assert(
    fc.asyncProperty(mutation, async ({ lines, at, byte }) => {
      const before = Buffer.from(`id,text,price,day\n${lines.join('\n')}\n`)
      const place = at % before.length
      const after = Buffer.from(before)
      after[place] = byte
      const [old, now] = [await verdictsOf(before, primaryKey), await verdictsOf(after, primaryKey)]
      if (now === 'refused' || old === 'refused') return
      const marks = isMark(byte) || isMark(before[place]!)
      const [first, last] = reach(before, after, place, marks)
      const shift = linesIn(after) - linesIn(before)
      const shared = primaryKey.length > 0 ? sharing(before, after, place) : new Set<number>()
      for (const [line, verdict] of old) {
        if ((line >= first && line <= last) || shared.has(line)) continue
        expect([line, now.get(line < first ? line : line + shift)]).toEqual([line, verdict])
      }
    }),
    rounds,
  )
})

const linesIn = (bytes: Buffer) => bytes.toString('latin1').split(/\r\n|\r|\n/).length

/**
 * The lines of the text before, from 1, that a byte can reach: the whole record that it stands in;
 * where it makes or breaks a quote or line end, up to the end of the next record with a quote.
 */
function reach(before: Buffer, after: Buffer, place: number, marks: boolean): [number, number] {
  const text = before.toString('latin1')
  const starts = recordStarts(text)
  const own = starts.findLastIndex((start) => start <= place)
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length
  const endOf = (record: number) => (starts[record + 1] ?? text.length + 1) - 1
  // A line end that is lost joins the record with the next; one that stood before it, with that.
  const first = marks && own > 0 && place === starts[own]! ? own - 1 : own
  if (!marks) return [lineOf(starts[own]!), lineOf(endOf(own))]
  const quoted = starts.findIndex(
    (start, i) => i > own && text.slice(start, endOf(i)).includes('"'),
  )
  const isQuoted = after.includes(34, starts[own]!) && quoted >= 0
  const last = isQuoted ? quoted : Math.min(own + 1, starts.length - 1)
  return [lineOf(starts[first]!), lineOf(endOf(last))]
}

/** Where every record begins; the text is well formed. */
function recordStarts(text: string): number[] {
  const starts = [0]
  let quoted = false
  for (let at = 0; at < text.length - 1; at++) {
    if (text[at] === '"') quoted = !quoted
    if (text[at] === '\n' && !quoted) starts.push(at + 1)
  }
  return starts
}

/** The lines of the records whose key is the old or the new one of the record that was changed. */
function sharing(before: Buffer, after: Buffer, place: number): Set<number> {
  const text = before.toString('latin1')
  const starts = recordStarts(text)
  const keyAt = (from: string, start: number) => Number(from.slice(start).split(',')[0])
  const own = starts.findLast((start) => start <= place)!
  const keys = [keyAt(text, own), keyAt(after.toString('latin1'), own)]
  const same = starts.filter((start) => keys.includes(keyAt(text, start)))
  return new Set(same.map((start) => text.slice(0, start).split('\n').length))
}
