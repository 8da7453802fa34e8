import type { Fact } from './infer-facts.ts'
import { type Custom, type Form, propertiesOf } from './infer-forms.ts'

/** Of two customs, a file has one. */
const against: Record<Custom, Custom> = {
  ...{ point: 'comma', comma: 'point' },
  ...{ 'day first': 'month first', 'month first': 'day first' },
}

/**
 * How a column is to be read whose every value has two readings: as the other columns of its file
 * are written, where those show one custom of the two; undefined where they do not.
 *
 * @param shown what the other columns show
 */
export function readingOf({ form }: Fact, shown: Set<Custom>): Form | undefined {
  return form.readings?.find(({ custom }) => shown.has(custom) && !shown.has(against[custom]))?.form
}

/** Why such a column stays a string, and what to write for each of its readings. */
export function doubtOf({ form: { readings = [] }, example, missing }: Fact): string {
  const none = missing.length > 0 ? { missingValues: ['', ...missing] } : {}
  const ways = readings.map(({ where, form }) => {
    return `where ${where}, write ${propertiesIn({ ...propertiesOf(form), ...none })}`
  })
  const value = JSON.stringify(example)
  return `${value} has two readings, and nothing in the file says which: ${ways.join('; ')}`
}

/** `type: number, decimalChar: ","`: as they stand in a field's braces. */
function propertiesIn(properties: object): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}: ${name === 'type' ? value : JSON.stringify(value)}`)
    .join(', ')
}
