import type { Case, Disagreement } from './disagreements.ts'
import { ofSluice } from './disagreements-exact.ts'
import { accepted, formatOf, isType, ofForms, ofNumbers, textOf } from './disagreements-forms.ts'

/** Of what is read by more than one form: any, patterns, JSON, places, bounds. */

const others: Disagreement[] = [
  {
    id: 'format-any',
    whose: 'referee',
    sentence:
      'any: Any parsable representation of the value. The implementing library can attempt to ' +
      'parse the datetime via a range of strategies.',
    section: 'Table Schema: datetime, date, time',
    // It guesses (dateutil): `10` is the tenth of this month. What it says changes from day to day.
    explains: (one) =>
      isType(one) &&
      ['date', 'time', 'datetime'].includes(one.type) &&
      formatOf(one.descriptor) === 'any',
  },
  {
    id: 'pattern-with-other-digits',
    whose: 'referee',
    sentence:
      '`<PATTERN>` MUST follow the syntax of standard Python / C strptime. Values in the this ' +
      'field SHOULD be parsable by Python / C standard `strptime` using `<PATTERN>`.',
    section: 'Table Schema: datetime, date, time',
    // Python's takes digits of every script, C's those of ASCII.
    explains: (one) =>
      accepted(one, 'date', 'time', 'datetime') &&
      String(one.descriptor.format).includes('%') &&
      /[^ -~]/.test(textOf(one)),
  },
  {
    id: 'date-with-a-time-of-day',
    whose: 'referee',
    sentence: 'The field contains a date without a time.',
    section: 'Table Schema: date',
    // Its pattern reads a time of day, which is cut.
    explains: (one) => accepted(one, 'date') && /%[HIMSfpXc]/.test(String(one.descriptor.format)),
  },
  {
    id: 'geopoint-as-python-reads-it',
    whose: 'referee',
    sentence: 'exactly two items, where each item is a number',
    section: 'Table Schema: geopoint',
    // Its Decimal() takes texts, truth values, underscores and digits of every script.
    explains: (one) =>
      accepted(one, 'geopoint') &&
      (/_|[^ -~]/.test(textOf(one)) || /[[,:]\s*("[^"]*"\s*[,\]}]|true|false)/.test(textOf(one))),
  },
  {
    id: 'geojson-by-its-text',
    whose: 'referee',
    sentence:
      'A geojson object as per the GeoJSON spec. … A topojson object as per the TopoJSON spec',
    section: 'Table Schema: geojson',
    // Its profiles are of an older text: no altitude, open rings, a bbox of any form.
    explains: (one) =>
      isType(one) && one.type === 'geojson' && /"type"\s*:\s*"[A-Z]/.test(textOf(one)),
  },
  {
    id: 'bound-with-a-group-char',
    whose: 'referee',
    sentence:
      'the physical representation of constraint values MAY be … strings that are castable with ' +
      'the `type` and `format` rules of the field',
    section: 'Table Schema: Field Constraints',
    // Of an integer with a group character it reads none, and breaks off at the comparison.
    explains: ({ rule, side, note, heard }) =>
      side === 'referee' &&
      rule === 'fault' &&
      /not supported between instances of '\w+' and 'NoneType'/.test(note) &&
      heard.descriptor.resources.some(({ schema }) => hasGroupedInteger(schema as Schema)),
  },
  {
    id: 'bound-without-an-offset',
    whose: 'referee',
    sentence:
      'Constraints MUST be applied on the logical representation of field values and constraint ' +
      'values.',
    section: 'Table Schema: Field Constraints',
    // It breaks off where one of value and bound has an offset and the other none.
    explains: ({ rule, side, note }) =>
      side === 'referee' && rule === 'fault' && /offset-naive and offset-aware/.test(note),
  },
  {
    id: 'json-as-python-reads-it',
    whose: 'referee',
    sentence: 'The field contains a valid JSON object.',
    section: 'Table Schema: object, array, geojson, geopoint',
    // Python's json takes NaN, Infinity and halves of surrogate pairs.
    explains: (one) =>
      accepted(one, 'object', 'array', 'geojson', 'geopoint') &&
      /NaN|Infinity|\\u[dD][89a-fA-F]/.test(textOf(one)),
  },
  {
    id: 'pattern-of-alternatives',
    whose: 'referee',
    sentence:
      'The values of this field MUST conform to the standard XML Schema regular expression syntax.',
    section: 'Table Schema: pattern',
    // It sets ^ before the first alternative and $ behind the last; XML Schema means the whole.
    explains: ({ side, rule, descriptor, note }) =>
      side === 'sluice' &&
      rule === 'constraint-error' &&
      note.includes('pattern') &&
      /\|/.test(String(descriptor.constraints?.pattern)),
  },
]

type Schema = { fields?: { type?: string; groupChar?: string }[] } | undefined

/** Of its own or of a parent: it breaks off where it reads either. */
function hasGroupedInteger(schema: Schema): boolean {
  return schema?.fields?.some((field) => field.type === 'integer' && field.groupChar) ?? false
}

const singles = [...ofForms, ...ofNumbers, ...others, ...ofSluice]

/** An item of a list is told as its list; the reason is that of an item's type. */
export const ofTypes: Disagreement[] = singles.map((known) => ({
  ...known,
  explains: (one) => known.explains(one) || (one.type === 'list' && ofItems(known, one)),
}))

function ofItems(known: Disagreement, one: Case): boolean {
  const { delimiter, itemType } = one.descriptor as { delimiter?: string; itemType?: string }
  const items = one.literal?.split(delimiter ?? ',') ?? []
  const type = itemType ?? 'string'
  return items.some((literal) => {
    return known.explains({ ...one, literal, type, descriptor: { name: one.field, type } })
  })
}
