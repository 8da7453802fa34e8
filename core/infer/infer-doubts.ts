import type { Fact } from './infer-facts.ts'
import type { Custom, Form } from './infer-forms.ts'

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
