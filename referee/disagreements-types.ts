import type { Case, Disagreement } from './disagreements.ts'
import { ofSluice } from './disagreements-exact.ts'
import { accepted, isType, ofForms, ofNumbers, textOf } from './disagreements-forms.ts'

/** Of what is read by more than one form: patterns, JSON, places. */

const others: Disagreement[] = [
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
    explains: (one) => isType(one) && one.type === 'geojson' && isOfOlderText(one),
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
]

/** Altitudes, which the profile has not; where it takes the text, an open ring, or a bbox. */
function isOfOlderText(one: Case): boolean {
  const text = textOf(one).replaceAll(/\s/g, '')
  const hasBox = text.includes('"bbox":')
  if (one.side === 'sluice') return hasBox || /"type":"(Multi)?Polygon"/.test(text)
  return hasBox || /\[-?[\d.eE+-]+(,-?[\d.eE+-]+){2,}\]/.test(text)
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
