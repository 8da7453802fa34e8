import { Refused } from '../errors.ts'

/** What Unicode has for a letter of a word, a digit, a blank; each fits inside `[…]`. */
const classes: Record<string, string> = {
  w: '\\pL\\pN_',
  d: '\\p{Nd}',
  s: '\\s\\x{b}\\x{1c}-\\x{1f}\\x{85}\\pZ',
}

/**
 * A pattern of Table Schema as one of RE2. The standard's `\w`, `\d` and `\s` mean all of Unicode
 * (XML Schema, and Python in the referee); RE2's mean ASCII, and would reject `José`.
 *
 * @throws Refused for `\W` or `\S` inside `[…]`, which RE2 cannot say
 */
export function re2Pattern(pattern: string): string {
  let opened = -1
  return pattern.replace(/\\[\s\S]|\[\^?|\]/g, (token, at: number) => {
    if (token === ']') {
      if (at !== opened) opened = -1
      return token
    }
    const inside = opened >= 0
    if (token.startsWith('[')) {
      if (!inside) opened = at + token.length
      return token
    }
    const letter = token[1]!
    const members = classes[letter.toLowerCase()]
    if (!members) return token
    if (letter in classes) return inside ? members : `[${members}]`
    if (!inside) return `[^${members}]`
    if (letter === 'D') return '\\P{Nd}'
    throw new Refused(
      `pattern ${JSON.stringify(pattern)}: found ${token} inside […]; allowed: outside of it`,
    )
  })
}
