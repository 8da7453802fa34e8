import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DialectDescriptor } from '../contract/descriptor.ts'
import { parseDialect } from '../contract/dialect.ts'
import { cellsOf, marksOf, newShape, type State, scanRecord } from './record.ts'

/** Rounds: SLUICE_ROUNDS (default 500). */
const rounds = { numRuns: Number(process.env.SLUICE_ROUNDS ?? 500) }

const dialects = [
  {},
  { escapeChar: '\\' },
  { escapeChar: '\\', doubleQuote: false },
  { doubleQuote: false },
  { quoteChar: '' },
  { skipInitialSpace: true, escapeChar: '\\' },
  { delimiter: ' ', skipInitialSpace: true },
  { delimiter: ',,' },
  { delimiter: '§', escapeChar: '\\' },
  { delimiter: ',;,', skipInitialSpace: true },
]
const pieces = ['a', ',', ',,', ';', ',;,', '"', '""', '\\', '\n', '\r\n', '\r', ' ', '§', '\xa7']
const texts = fc.array(fc.constantFrom(...pieces), { maxLength: 14 }).map((all) => all.join(''))
const marks = fc
  .constantFrom(...dialects)
  .map((found) => marksOf(parseDialect(found, 'csv', { file: '', path: [] }), 'utf-8'))

const scan = (bytes: Buffer, limit: number, last: boolean, by: ReturnType<typeof marksOf>) => {
  const shape = newShape()
  const state: State = scanRecord(bytes, 0, limit, last, by, shape)
  return state === 'record' ? { state, ...shape } : { state }
}

test('a record that is seen to end ends there whatever follows', () => {
  fc.assert(
    fc.property(texts, marks, (text, by) => {
      const bytes = Buffer.from(text)
      const whole = scan(bytes, bytes.length, true, by)
      for (let limit = 0; limit <= bytes.length; limit++) {
        const part = scan(bytes, limit, false, by)
        if (part.state !== 'more') expect(part).toEqual(whole)
      }
    }),
    rounds,
  )
})

test('what stands behind the last byte is not read', () => {
  fc.assert(
    fc.property(texts, texts, marks, (text, stale, by) => {
      const bytes = Buffer.from(text)
      const window = Buffer.concat([bytes, Buffer.from(stale)])
      expect(scan(window, bytes.length, true, by)).toEqual(scan(bytes, bytes.length, true, by))
    }),
    rounds,
  )
})

test('a record has as many cells as are read of it, and as many lines as it has line ends', () => {
  fc.assert(
    fc.property(texts, marks, (text, by) => {
      const bytes = Buffer.from(text)
      const shape = newShape()
      if (scanRecord(bytes, 0, bytes.length, true, by, shape) !== 'record') return
      expect(cellsOf(bytes, 0, shape.end, by)).toHaveLength(shape.cells)
      const lines = bytes.toString('utf8', 0, shape.next).match(/\r\n|\r|\n/g) ?? []
      expect(shape.innerLines).toBe(lines.length - (shape.next > shape.end ? 1 : 0))
    }),
    rounds,
  )
})

test.each<[string, DialectDescriptor, string, string[] | State]>([
  ['an escape in quotes, which are doubled, too', { escapeChar: '\\' }, '"a\\"b""c"', ['a"b"c']],
  ['no doubled quote', { doubleQuote: false }, '"a""b"', 'broken-quote'],
  ['nothing quoted', { quoteChar: '' }, '"a,b"', ['"a', 'b"']],
  ['a delimiter of two', { delimiter: '::' }, 'a:b::"c::d"::', ['a:b', 'c::d', '']],
  ['half of it behind a quote', { delimiter: '::' }, '"a":b', 'broken-quote'],
  ['half of it at the end', { delimiter: '::' }, 'a:', ['a:']],
  ['spaces before the first cell', { skipInitialSpace: true }, '  "a", b', ['a', 'b']],
  ['spaces that are delimiters', { delimiter: ' ', skipInitialSpace: true }, '  a  b', ['a', 'b']],
])('%s', (_, found, text, expected) => {
  const by = marksOf(parseDialect(found, 'csv', { file: '', path: [] }), 'utf-8')
  const bytes = Buffer.from(text)
  const shape = newShape()
  const state = scanRecord(bytes, 0, bytes.length, true, by, shape)
  expect(state === 'record' ? cellsOf(bytes, 0, shape.end, by) : state).toEqual(expected)
})
