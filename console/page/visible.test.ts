import { expect, it } from 'vitest'
import { visible } from './visible.ts'

/** What is hidden stands in brackets. */
const shown = (text: string, keep?: string) =>
  visible(text, keep)
    .map((run) => (run.isHidden ? `[${run.text}]` : run.text))
    .join('')

it.each([
  ['plain', 'plain'],
  ['Zoë 日本 👍', 'Zoë 日本 👍'],
  ['', ''],
  ['a\tb\r\nc', 'a[\\t]b[\\r][\\n]c'],
  ['a\0b\x07\x7f\x9b', 'a[\\0]b[\\x07][\\x7f][\\x9b]'],
  ['\u202egnp.exe\u2066', '[\\u202e]gnp.exe[\\u2066]'],
  [
    'a\u200bb\u200d\ufeffc\u00ad',
    'a[\\u200b]b[\\u200d][\\ufeff]c[\\u00ad]'.replace('\\u00ad', '\\xad'),
  ],
  ['12\u00a0345\u2009\u3000', '12[\\xa0]345[\\u2009][\\u3000]'],
  ['a\u2028b\u2029', 'a[\\u2028]b[\\u2029]'],
  ['tag \u{e0041}', 'tag [\\u{e0041}]'],
  ['half \ud83d', 'half [\\ud83d]'],
  ['hangul \u3164', 'hangul [\\u3164]'],
  ['  in the middle  ', '[␣␣]in the middle[␣␣]'],
  ['   ', '[␣␣␣]'],
  ['not \ufffd this', 'not \ufffd this'],
])('shows what is hidden in %j', (text, expected) => {
  expect(shown(text)).toBe(expected)
})

it('keeps what is asked for as it is', () => {
  expect(shown('a\r\nb', '\n')).toBe('a[\\r]\nb')
})
