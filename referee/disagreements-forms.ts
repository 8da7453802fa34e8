import type { Case, Disagreement } from './disagreements.ts'

/** Of texts and numbers: each says which forms the standard has; Python's functions take others. */

/** Sluice alone says that the text is no value of one of the types. */
export const accepted = (one: Case, ...types: string[]) =>
  one.side === 'sluice' && isType(one) && types.includes(one.type)
/** The referee alone says so. */
const rejected = (one: Case, ...types: string[]) =>
  one.side === 'referee' && isType(one) && types.includes(one.type)
export const isType = ({ rule, literal }: Case) => rule === 'type-error' && literal !== null

export const textOf = ({ literal }: Case) => literal ?? ''
const isPlain = ({ descriptor }: Case) => ['default', undefined].includes(formatOf(descriptor))
export const formatOf = ({ format }: { format?: unknown }) => format as string | undefined

/** A text that Python reads although it has blanks around it, underscores, or other digits. */
const pythonic = /^\s|\s$|_|[^ -~]/
const words = /^[+-]?(inf(inity)?|s?nan\d*)$/i
const w3cWords = /^(nan|-?inf)$/i

const uriCharacters = '([!$&-;=?@_a-z~]|%[0-9a-f]{2})*'
const uriHost = '(//([^[\\]/]*@)?\\[[0-9a-f:.]+\\])?'
/** By its characters only: RFC 3986 says more, of which the two may not disagree. */
const uri = new RegExp(`^[a-z][a-z0-9+.-]*:${uriHost}${uriCharacters}(#${uriCharacters})?$`, 'i')

/** An entry of a type whose default format has one form only. */
function form(
  id: string,
  type: string,
  is: RegExp,
  sentence: string,
  formats?: string[],
): Disagreement {
  return {
    id,
    whose: 'referee',
    sentence,
    section: `Table Schema: ${type}`,
    explains: (one) => {
      const named = formats?.includes(formatOf(one.descriptor) ?? '') ?? isPlain(one)
      return accepted(one, type) && named && !is.test(textOf(one))
    },
  }
}

export const ofForms: Disagreement[] = [
  form(
    'date-of-fewer-digits',
    'date',
    /^\d{4}-\d\d-\d\d$/,
    'The lexical representation MUST be `yyyy-mm-dd` e.g. `2024-01-26`',
  ),
  form(
    'time-with-more',
    'time',
    /^\d\d:\d\d:\d\d(\.\d+)?$/,
    'The lexical representation MUST be `hh:mm:ss` e.g. `15:00:00`',
  ),
  form(
    'datetime-of-iso-8601',
    'datetime',
    /^-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-](0\d|1[0-4]):\d\d)?$/,
    'The lexical representation MUST be in a form defined by XML Schema containing required date ' +
      'and time parts, followed by optional milliseconds and timezone parts',
  ),
  form(
    'year-as-python-reads-it',
    'year',
    /^-?(?!0000$)\d{4,}$/,
    'A calendar year as per XMLSchema `gYear`. Usual lexical representation is `YYYY`.',
  ),
  form(
    'yearmonth-as-python-reads-it',
    'yearmonth',
    /^-?(?!0000-)\d{4,}-\d\d$/,
    'A specific month in a specific year as per XMLSchema `gYearMonth`. Usual lexical ' +
      'representation is: `YYYY-MM`.',
  ),
  form(
    'duration-of-iso-8601',
    'duration',
    /^-?P(?=.)(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/,
    'We follow the definition of XML Schema duration datatype directly and that definition is ' +
      'implicitly inlined here.',
  ),
  form(
    'binary-with-other-characters',
    'string',
    /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
    'binary: A base64 encoded string representing binary data.',
    ['binary'],
  ),
  form('uri-with-other-characters', 'string', uri, 'uri: A valid URI.', ['uri']),
  form(
    'uuid-of-other-forms',
    'string',
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
    'uuid: A string that is a uuid.',
    ['uuid'],
  ),
]

export const ofNumbers: Disagreement[] = [
  {
    id: 'integer-as-python-reads-it',
    whose: 'referee',
    sentence: 'Integer values are indicated in the standard way for any valid integer.',
    section: 'Table Schema: integer',
    // Python's int() takes underscores, blanks around, and digits of every script.
    explains: (one) => accepted(one, 'integer') && pythonic.test(textOf(one)),
  },
  {
    id: 'number-as-python-reads-it',
    whose: 'referee',
    sentence:
      'a non-empty finite-length sequence of decimal digits separated by a period as a decimal ' +
      'indicator. … NaN: not a number … INF: positive infinity … -INF: negative infinity',
    section: 'Table Schema: number',
    // So does its Decimal(), and `infinity`, `inf` with a plus, `nan1`, `snan`.
    explains: (one) =>
      accepted(one, 'number') &&
      (pythonic.test(textOf(one)) || (words.test(textOf(one)) && !w3cWords.test(textOf(one)))),
  },
  {
    id: 'bare-number',
    whose: 'referee',
    sentence:
      'If `false` the contents of this field may contain leading and/or trailing non-numeric ' +
      'characters (which implementors MUST therefore strip).',
    section: 'Table Schema: number, integer',
    // It strips a plus, a decimal point and INF, which are parts of a number, too.
    explains: (one) =>
      isType(one) &&
      ['number', 'integer'].includes(one.type) &&
      one.descriptor.bareNumber === false &&
      (words.test(textOf(one).trim()) ||
        /^[^-\d]*[.,+]/.test(textOf(one)) ||
        /-\D/.test(textOf(one))),
  },
  {
    id: 'year-of-more-digits',
    whose: 'referee',
    sentence: 'A calendar year as per XMLSchema `gYear`.',
    section: 'Table Schema: year',
    // XML Schema has years of more than four digits, and a sign.
    explains: (one) =>
      rejected(one, 'year', 'yearmonth') && /^-?([1-9]\d{4,}|\d{4})(-\d\d)?$/.test(textOf(one)),
  },
  {
    id: 'group-char-anywhere',
    whose: 'referee',
    sentence: 'groupChar: A string whose value is used to group digits within the number.',
    section: 'Table Schema: number',
    // It takes the character out wherever it stands: `,5`, `5,`.
    explains: (one) => {
      const char = one.descriptor.groupChar
      if (!accepted(one, 'number', 'integer') || typeof char !== 'string') return false
      return textOf(one)
        .split(char)
        .some((part, i, all) => {
          return (i > 0 && !/^\d/.test(part)) || (i < all.length - 1 && !/\d$/.test(part))
        })
    },
  },
]
