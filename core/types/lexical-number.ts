import type { Field } from '../contract/field.ts'
import { canonical, canonicalOr, cast, type Lexical, matches } from '../contract/form.ts'
import { literal } from '../names.ts'

/** The forms and values of an integer or a number, with the marks that the field gives digits. */
export function numeric(field: Field): Lexical {
  const fraction = field.type === 'number'
  const bare = field.decimal ? decimal(field.decimal, fraction) : fraction ? double : integer
  const { decimalChar, groupChar, bareNumber } = field
  return decimalChar === '.' && groupChar === '' && bareNumber ? bare : marked(field, bare)
}

/** Blanks around a number are no part of it (XML Schema collapses them, as does the referee). */
const integer: Lexical = {
  type: 'BIGINT',
  column: 'bigint',
  value: cast('BIGINT'),
  exact: canonicalOr('\\s*[+-]?[0-9]+\\s*'),
  plainly: canonical,
  expected: 'a whole number of at most 64 bits, such as -42',
}

/**
 * A double keeps any 15 significant digits, of 16 and 17 those that it gives back when it is
 * written with as many, and no more; a number beyond would be changed, and so would one out of its
 * range. NaN, INF and -INF are the standard's own, in letters of any case.
 */
const double: Lexical = {
  type: 'DOUBLE',
  column: 'double precision',
  value: cast('DOUBLE'),
  exact(x, v) {
    const digits = (text: string) => `trim(regexp_replace(${text}, '[eE].*|[^0-9]', '', 'g'), '0')`
    const count = `strlen(${digits(x)})`
    const form = '\\s*[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?\\s*'
    const kept = `CASE WHEN strlen(${x}) <= 15 AND abs(${v}) BETWEEN 1e-300 AND 1e300 THEN true
      WHEN ${v}::VARCHAR = ${x} THEN true
      WHEN ${v} = 0 THEN ${digits(x)} = ''
      WHEN NOT isfinite(${v}) OR abs(${v}) < 2.3e-308 OR ${count} > 17 THEN false
      ELSE ${digits(`printf('%.' || (${count} - 1) || 'e', ${v})`)} = ${digits(x)} END`
    return `CASE WHEN ${matches(x, form)} THEN ${kept} ELSE ${matches(x, special)} END`
  },
  expected:
    'a number that a double keeps, such as -4.2 or 6e23: 15 digits, or 17 ' +
    '(sluice: {decimal: [p, s]} keeps more)',
}

const special = '\\s*(?i:nan|-?inf)\\s*'

/** Digits beyond the scale are taken where they are zeros; an exponent where it cuts nothing. */
function decimal([precision, scale]: [number, number], fraction: boolean): Lexical {
  const type = `DECIMAL(${precision},${scale})`
  const pointed = scale ? `[0-9]{1,${scale}}0*` : '0+'
  const point = `\\s*[+-]?([0-9]+\\.?[0-9]{0,${scale}}0*|\\.${pointed})\\s*`
  const plain = fraction ? point : '\\s*[+-]?[0-9]+\\s*'
  const exponent = '\\s*[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)[eE][+-]?[0-9]{1,3}\\s*'
  const shifted = (x: string) => `strlen(rtrim(regexp_extract(${x}, '\\.([0-9]*)', 1), '0'))
      - TRY_CAST(regexp_extract(${x}, '[eE]([+-]?[0-9]+)', 1) AS INTEGER) <= ${scale}`
  return {
    type,
    column: `numeric(${precision},${scale})`,
    value: cast(type),
    exact: (x, v) => `(${canonical(x, v)} OR ${matches(x, plain)}
      OR (${fraction} AND ${matches(x, exponent)} AND ${shifted(x)}))`,
    plainly: canonical,
    expected: fraction
      ? `a number with at most ${precision - scale} digits before the point and ${scale} behind it`
      : `a whole number of at most ${precision} digits`,
  }
}

/**
 * Digits with marks are read as the same digits without them. What groups digits stands between
 * two of them; how many there are to a group, the standard leaves open.
 */
function marked({ type, decimalChar, groupChar, bareNumber }: Field, bare: Lexical): Lexical {
  const [point, group] = [escaped(decimalChar), escaped(groupChar)]
  const digits = group ? `[0-9]((${group})*[0-9])*` : '[0-9]+'
  const form = `\\s*[+-]?(${digits}((${point})(${digits})?)?|(${point})${digits})`
  const whole = `${form}([eE][+-]?[0-9]+)?\\s*|${special}`
  const number = (x: string) => (bareNumber ? x : `(${stripped(x, point)})`)
  const plain = (x: string) => {
    const together = group ? `replace(${number(x)}, ${literal(groupChar)}, '')` : number(x)
    return decimalChar === '.' ? together : `replace(${together}, ${literal(decimalChar)}, '.')`
  }
  const marks = [
    ...(decimalChar === '.' ? [] : [`${decimalChar} before a fraction`]),
    ...(group ? [`${groupChar} between digits`] : []),
    ...(bareNumber ? [] : ['other characters before and behind it']),
  ]
  const { plainly, ...rest } = bare
  return {
    ...rest,
    value: (x) => bare.value(plain(x)),
    exact: (x, v) => `(${matches(number(x), whole)} AND ${bare.exact(plain(x), v)})`,
    // Of a number, a point in its canonical text may be another mark here.
    ...(plainly && type === 'integer' && { plainly }),
    expected: `${bare.expected}; with ${marks.join(', ')}`,
  }
}

/**
 * What stands before and behind the digits is cut off, a minus before them is theirs. A point
 * before the first digit is the number's (`$.50`), unless it ends a word (`Rs.50`): to cut it off
 * would be another number.
 */
function stripped(x: string, point: string): string {
  const rest = '(?s:.*[0-9])?'
  const ofWord = `^[^-0-9]*\\pL(?:${point})[0-9]`
  const extract = (form: string) => `regexp_extract(${x}, ${literal(form)})`
  return `CASE WHEN NOT regexp_matches(${x}, '[0-9]') THEN ${x}
    WHEN regexp_matches(${x}, ${literal(ofWord)}) THEN ${extract(`[0-9]${rest}`)}
    ELSE ${extract(`(?:${point})?[0-9]${rest}|-${rest}`)} END`
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
