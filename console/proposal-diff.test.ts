import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lineDiff, newLines } from './proposal-diff.ts'

const told = (before: string, after: string) =>
  lineDiff(before, after).map(({ mark, text }) => mark + text)

test.each<[string, string, string, string[]]>([
  ['nothing before', '', 'a\nb\n', ['+a', '+b']],
  ['nothing changed', 'a\nb\n', 'a\nb\n', [' a', ' b']],
  ['lines at the end', 'a\n', 'a\nb\n', [' a', '+b']],
  ['lines in between', 'a\nc\n', 'a\nb\nc\n', [' a', '+b', ' c']],
  [
    'a line that is like its neighbour',
    'a\nx\na\n',
    'a\nx\na\nx\na\n',
    [' a', ' x', ' a', '+x', '+a'],
  ],
  ['a line changed', 'a\nb\nc\n', 'a\nB\nc\n', [' a', '-b', '+B', ' c']],
  ['several places', '1\n2\n3\n4\n5', '1\n3\n4\n4.5\n5', [' 1', '-2', ' 3', ' 4', '+4.5', ' 5']],
  ['line ends alone', 'a\r\nb', 'a\nb\n', [' a', ' b']],
  ['blank lines', 'a\n', 'a\n\n\nb\n', [' a', '+', '+', '+b']],
])('%s', (_, before, after, lines) => {
  const found = told(before, after)
  expect(found.toSorted()).toEqual(lines.toSorted())
  expect(found.filter((line) => line[0] !== '-')).toEqual(lines.filter((line) => line[0] !== '-'))
})

test('what is not new is the text as it is, what is not gone the text as it would be', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', ' '), { maxLength: 12 })
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = lineDiff(before.join('\n'), after.join('\n'))
      const of = (other: string) =>
        lines.filter(({ mark }) => mark !== other).map((line) => line.text)
      const joined = (all: string[]) => (all.join('\n') === '' ? [] : all)
      expect(joined(of('+'))).toEqual(joined(before))
      expect(joined(of('-'))).toEqual(joined(after))
    }),
  )
})

test('texts of very many lines end, and are told as far as anybody looks', () => {
  const many = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => `line ${from + i}`).join('\n')
  const found = told(many(0, 40_000), many(1_000_000, 1_050_000))
  expect(found).toHaveLength(5_001)
  expect([found[0], found.at(-1)]).toEqual(['-line 0', ' … 85,000 more lines'])
  expect(newLines('x'.repeat(3_000))[0]).toEqual({ mark: '+', text: `${'x'.repeat(2_000)}…` })
})
