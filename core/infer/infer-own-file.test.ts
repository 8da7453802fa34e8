import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Duck, openDuck } from '../duck/duckdb.ts'
import { Refused } from '../errors.ts'
import { asText, infer, rejectedBy } from './infer.ts'
import { formatProposal, type Proposal, parseProposal } from './proposal.ts'
import { joined } from './proposal-join.ts'

/** An inferred contract rejects nothing of its own file; its proposal can be read again. */

let duck: Duck
const folder = fs.mkdtempSync(join(tmpdir(), 'sluice-infer-'))
beforeAll(async () => {
  duck = await openDuck(0)
})
afterAll(() => {
  duck.close()
  fs.rmSync(folder, { recursive: true })
})

const cell = fc.oneof(
  fc.string({ unit: 'binary-ascii' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(
    '',
    'NA',
    '-',
    '007',
    '1',
    '2',
    '-3.50',
    '1e5',
    '1,5',
    '1.234,56',
    '31/01/2026',
    'true',
    '2026-01-31',
    '{}',
    "'a'",
  ),
  fc.constantFrom('10:00:00', '2026-01-31T00:00:00Z', ' 7 ', '"', '\\', '+1', 'NaN', ' x', '[1,]'),
  fc.integer().map(String),
  fc.double().map(String),
)
const nothing: Proposal = { name: 'p', resources: [], remarks: [], without: [] }
const plain = (text: string) => text.isWellFormed() && !text.includes('\0')
/** Of control characters, a header has only those that set text apart. */
const isLabel = (text: string) => plain(text) && !/[^\P{Cc}\t\r\n\f\v\u0080-\u009f]/u.test(text)

it('it rejects nothing of any table, whatever its cells', { timeout: 120_000 }, async () => {
  const tables = fc.integer({ min: 2, max: 5 }).chain((width) =>
    fc.record({
      labels: fc.array(cell.filter(isLabel), { minLength: width, maxLength: width }),
      columns: fc.array(fc.array(cell.filter(plain), { minLength: 6, maxLength: 6 }), {
        minLength: width,
        maxLength: width,
      }),
      rows: fc.integer({ min: 0, max: 6 }),
      delimiter: fc.constantFrom(',', ';', '\t', '|'),
      end: fc.constantFrom('\n', '\r\n'),
    }),
  )
  await fc.assert(
    fc.asyncProperty(tables, async ({ labels, columns, rows, delimiter, end }) => {
      const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
      const all = [labels, ...Array.from({ length: rows }, (_, r) => columns.map((c) => c[r]!))]
      const whole = all.filter((cells, i) => i === 0 || cells.some((one) => one !== ''))
      const text = whole.map((cells) => cells.map(quote).join(delimiter) + end).join('')
      const task = { duck, path: join(folder, 'file.csv'), key: 'file.csv', folder }
      fs.writeFileSync(task.path, text)
      const found = await infer(task)
      expect(found.rejected).toBe(0)
      expect(found.fields).toHaveLength(labels.length)
      expect(await rejectedBy(task, found)).toBe(0)
      const one = { path: 'file.csv', found }
      const proposal = await joined(nothing, [], one, async () => true)
      expect(parseProposal(formatProposal(proposal, 'accept'))).toEqual(proposal)
    }),
    { numRuns: 30 },
  )
})

it('nor of any file of this repository but what no contract takes', {
  timeout: 300_000,
}, async () => {
  const root = join(import.meta.dirname, '../..')
  const files = ['core/corpus', 'data/bronze/shop'].flatMap((place) =>
    fs
      .readdirSync(join(root, place), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.csv(\.gz)?$/.test(name))
      .map((name) => join(root, place, name)),
  )
  expect(files.length).toBeGreaterThan(50)
  const without: string[] = []
  for (const path of files) {
    const own = { duck, path, key: path.endsWith('.gz') ? 'file.csv.gz' : 'file.csv', folder }
    try {
      const found = await infer(own)
      expect(await rejectedBy(own, found), path).toBe(await rejectedBy(own, asText(found)))
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      without.push(path)
    }
  }
  // Empty, cut, no gzip, a title above the header, a header of fewer labels than cells.
  expect(without.length, without.join('\n')).toBeLessThan(files.length / 10)
})
