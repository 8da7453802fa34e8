/** Texts of strangers, with what an eye would not see in them. */

/** A part of a text: as it stands, or an escape for a character that has no look of its own. */
export interface Run {
  text: string
  isHidden: boolean
}

/**
 * Control characters, what turns the direction of writing, what has no width, line separators that
 * are no line feed, spaces that are not the space, halves of surrogate pairs.
 */
const HIDDEN = new RegExp(
  [
    '[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}]',
    '[\\u115f\\u1160\\u2800\\u3164\\uffa0\\u034f]',
    '[\\ufe00-\\ufe0e]',
    '(?! )\\p{Zs}',
  ].join('|'),
  'gu',
)

const named: Record<string, string> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\0': '\\0' }

/**
 * `' a\u202eb '` → `␣`, `a`, `\u202e`, `b`, `␣`: what is hidden as an escape, spaces at both ends
 * as the sign for a space.
 *
 * @param keep characters that stay as they are, such as line feeds of a text of many lines
 */
export function visible(text: string, keep = ''): Run[] {
  const runs: Run[] = []
  const add = (part: string, isHidden: boolean) => {
    if (part) runs.push({ text: part, isHidden })
  }
  const inner = text.replace(/^ +/, '')
  const middle = inner.replace(/ +$/, '')
  add('␣'.repeat(text.length - inner.length), true)
  let at = 0
  for (const { 0: character, index } of middle.matchAll(HIDDEN)) {
    if (keep.includes(character)) continue
    add(middle.slice(at, index), false)
    add(escapeOf(character), true)
    at = index + character.length
  }
  add(middle.slice(at), false)
  add('␣'.repeat(inner.length - middle.length), true)
  return runs
}

/** `\u202e`, `\x07`, `\u{e0041}` */
function escapeOf(character: string): string {
  const code = character.codePointAt(0)!
  const hex = code.toString(16)
  if (code < 0x100) return named[character] ?? `\\x${hex.padStart(2, '0')}`
  return code > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`
}
