import { literal } from '../names.ts'
import { days, type Kind, made, months, shortened } from '../types/calendar.ts'

/**
 * Patterns of strptime, as Python 3.11 reads them in the C locale: the same text is taken, and the
 * same value comes of it. Digits are those of ASCII (Python takes those of every script).
 * Rules: https://docs.python.org/3/library/datetime.html#format-codes and Lib/_strptime.py
 */
export interface Strptime {
  /** It reads an offset from UTC (%z), and so the value is an instant. */
  instant: boolean
  /** An expression over the text `x`: DATE, TIME, TIMESTAMP, or of an instant TIMESTAMPTZ. */
  value: (x: string) => string
}

/**
 * Lower parts may be left out (`%Y-%m` is the first of the month, `%H:%M` has no seconds), higher
 * ones may not: Python would take the year 1900. Nothing is said twice, and nothing is read that
 * the type has no place for: only midnight is a time of day that a date can lose.
 *
 * @returns what a pattern for the type may be, where this one is none
 */
export function faultOf(kind: Kind, format: string): string | undefined {
  const found = directivesOf(format)
  const unknown = found.find((one) => !(one in forms))
  if (unknown !== undefined) return `a pattern of %${Object.keys(forms).join(' %')} %c %x %X %%`
  const has = (names: string) => [...names].filter((name) => found.includes(name)).length
  const twice = found.find((one, i) => found.indexOf(one) < i)
  if (twice !== undefined) return `a pattern that has %${twice} once (strptime takes no second)`
  const time = timeFault(has)
  if (kind === 'datetime') return dateFault(has) ?? time
  if (kind === 'date') return dateFault(has) ?? time ?? offsetFault(has)
  if (has('YyGmbBdjUWVaAwu') > 0) return 'a pattern of a time alone (else: type datetime)'
  return has('HI') === 0 ? 'a pattern with an hour: %H, or %I and %p' : (time ?? offsetFault(has))
}

type Has = (names: string) => number

function dateFault(has: Has): string | undefined {
  if (has('YyG') !== 1) return 'a pattern with one year, %Y, %y or %G (what has none: type time)'
  const [month, day, ordinal, week] = [has('mbB'), has('d'), has('j'), has('UW')]
  const iso = has('GV')
  if (month > 1 || month + day > 0 !== month > 0) return 'a pattern with one month: %m, %b or %B'
  if (Number(month > 0) + ordinal + week + Number(iso > 0) > 1) {
    return 'a pattern that says the day once: by %m and %d, by %j, or by a week and its day'
  }
  const dayOfWeek = has('aAwu')
  if (iso > 0 && iso < 2) return '%G, %V and a day of the week (%u, %w, %a or %A)'
  if (week + iso > 0 && dayOfWeek !== 1) return 'one day of the week: %u, %w, %a or %A'
  return month + ordinal + week + iso === 0 && dayOfWeek > 0 ? 'a pattern with a month' : undefined
}

function timeFault(has: Has): string | undefined {
  if (has('HI') > 1) return 'a pattern with one hour: %H, or %I and %p'
  if (has('I') !== has('p')) return '%I and %p together (else: %H)'
  const parts = [has('HI'), has('M'), has('S'), has('f')]
  const gap = parts.some((there, i) => there > (parts[i - 1] ?? 1))
  return gap ? 'hour, minute, second and fraction, without a gap: %H %M %S %f' : undefined
}

function offsetFault(has: Has): string | undefined {
  return has('zZ') > 0 ? 'a pattern without %z and %Z (else: type datetime)' : undefined
}

const tenths = '[0-5][0-9]|[0-9]'
/** What each directive reads, the first form that fits; these are Python's own. */
const forms: Record<string, string> = {
  Y: '[0-9]{4}',
  y: '[0-9]{2}',
  m: '1[0-2]|0[1-9]|[1-9]',
  b: named(shortened(months)),
  B: named(months),
  d: '3[01]|[12][0-9]|0[1-9]|[1-9]| [1-9]',
  H: '2[0-3]|[01][0-9]|[0-9]',
  I: '1[0-2]|0[1-9]|[1-9]',
  p: named('am pm'),
  M: tenths,
  S: `6[01]|${tenths}`,
  f: '[0-9]{1,6}',
  z: '[+-][0-9]{2}:?[0-5][0-9](?::?[0-5][0-9](?:\\.[0-9]{1,6})?)?|(?-i:Z)',
  Z: named('gmt utc'),
  j: '36[0-6]|3[0-5][0-9]|[12][0-9]{2}|0[1-9][0-9]|00[1-9]|[1-9][0-9]|0[1-9]|[1-9]',
  a: named(shortened(days)),
  A: named(days),
  w: '[0-6]',
  u: '[1-7]',
  U: '5[0-3]|[0-4][0-9]|[0-9]',
  W: '5[0-3]|[0-4][0-9]|[0-9]',
  G: '[0-9]{4}',
  V: '5[0-3]|0[1-9]|[1-4][0-9]|[0-9]',
}

const composed: Record<string, string> = {
  c: '%a %b %d %H:%M:%S %Y',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
}

/** In either case; of ASCII alone: without care for case, RE2 also takes ſ for an s. */
function named(names: string): string {
  const both = (letter: string) => `[${letter.toUpperCase()}${letter}]`
  return `(?-i:${names.replace(/[a-z]/g, both).replaceAll(' ', '|')})`
}

function spelled(format: string): string {
  return format.replace(/%(.)/gsu, (all, one: string) => composed[one] ?? all)
}

/** The letters of its directives in order; `%` stands for one that has none. */
function directivesOf(format: string): string[] {
  const found = [...spelled(format).matchAll(/%(.?)/gsu)].map(([, one]) => one ?? '')
  return found.filter((one) => one !== '%')
}

/**
 * Where every part has its usual width, DuckDB's own strptime takes the same text for the same
 * value, in a fifth of the time; all other texts are taken to pieces here.
 *
 * @param format one that has no fault for the type
 */
export function strptime(kind: Kind, format: string): Strptime {
  const names = directivesOf(format)
  const form = literal(`\\A(?i)(${formOf(spelled(format))})`)
  const groups = ['g0', ...names.map((_, i) => `g${i + 1}`)].map(literal).join(', ')
  const value = made(kind, (name) => {
    const at = names.indexOf(name)
    return at < 0 ? undefined : `g.g${at + 1}`
  })
  // The first match must be the whole text; another one that would fit is not looked for.
  const slow = (x: string) => `list_transform([regexp_extract(${x}, ${form}, [${groups}])],
      lambda g: CASE WHEN g.g0 = ${x} THEN ${value} END)[1]`
  const usual = usualOf(kind, spelled(format))
  const cast = kind === 'datetime' ? '' : `::${kind}`
  const quick = (x: string) => `TRY_STRPTIME(${x}, ${literal(spelled(format))})${cast}`
  return {
    instant: names.includes('z'),
    value(x) {
      if (usual === undefined) return slow(x)
      const is = `regexp_full_match(${x}, ${literal(usual)})`
      return `CASE WHEN ${is} THEN ${quick(x)} ELSE ${slow(x)} END`
    },
  }
}

/** Any run of blanks stands for any other; these are Python's. */
const wide = ['85', 'a0', '1680', '2028', '2029', '202f', '205f', '3000']
const ranges = '\\t-\\r\\x1c-\\x20\\x{2000}-\\x{200a}'
const blank = `[${ranges}${wide.map((code) => `\\x{${code}}`).join('')}]+`
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python counts them as blanks.
const blanks = /^[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/

function formOf(format: string): string {
  return piecesOf(format)
    .map((piece) => {
      if (blanks.test(piece)) return blank
      return piece.startsWith('%') && piece !== '%%' ? `(${forms[piece[1]!]})` : escaped(piece)
    })
    .join('')
}

/** Directives, runs of blanks and single characters. */
function piecesOf(format: string): string[] {
  const pieces: string[] = []
  for (let rest = format; rest !== ''; rest = rest.slice(pieces.at(-1)!.length)) {
    const [run] = blanks.exec(rest) ?? []
    pieces.push(run ?? /^(%.|.)/su.exec(rest)![0])
  }
  return pieces
}

/** Of a character of the pattern itself; `%%` is one of them. */
const escaped = (piece: string) => (piece === '%%' ? '%' : piece.replace(/[!-/:-@[-`{-~]/, '\\$&'))

const sixty = '[0-5][0-9]'
/** What is read alike by Python and by DuckDB, whatever stands behind it. */
const usualForms: Record<string, string> = {
  Y: '[12][0-9]{3}',
  y: '[0-9]{2}',
  m: '(0[1-9]|1[0-2])',
  b: `(${capital(shortened(months))})`,
  B: `(${capital(months)})`,
  d: '(0[1-9]|[12][0-9]|3[01])',
  H: '([01][0-9]|2[0-3])',
  I: '(0[1-9]|1[0-2])',
  p: '(AM|PM)',
  M: sixty,
  S: sixty,
  f: '[0-9]{6}',
}
const usualOffset = `[+-]([01][0-9]|2[0-3]):?${sixty}`

function capital(names: string): string {
  return names.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()).replaceAll(' ', '|')
}

function usualOf(kind: Kind, format: string): string | undefined {
  const forms = piecesOf(format).map((piece, i, all) => {
    if (piece === '%z' && i === all.length - 1) return usualOffset
    return piece.startsWith('%') && piece !== '%%' ? usualForms[piece[1]!] : escaped(piece)
  })
  const cut = kind === 'date' && directivesOf(format).some((one) => 'HI'.includes(one))
  return cut || forms.includes(undefined) ? undefined : forms.join('')
}
