/** What is written along the axes of a chart, and the figures beside it. */

const figures = new Intl.NumberFormat('en', { maximumFractionDigits: 4 })
const shares = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 2 })
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 })

/** A value in full: 1234.5 → `1,234.5`; an en dash where there is none. */
export function figure(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : figures.format(value)
}

/** Values of an axis: 12500 → `12.5K`; of shares, 0.125 → `12.5%`. */
export function axisFigures(values: number[], isShare = false): string[] {
  const format = isShare ? shares : compact
  return values.map((value) => format.format(value))
}

const DAY = 86_400

/**
 * What stands at the ticks of an axis of time, in UTC: the day where it is another one than at the
 * tick before, below the time of day where the ticks are closer than days.
 *
 * @param seconds since 1970
 * @param step seconds from tick to tick
 */
export function timeTicks(seconds: number[], step: number): string[] {
  let before = ''
  return seconds.map((at) => {
    const when = new Date(at * 1000)
    const day = dayOf(when, step)
    if (step >= DAY) return day
    const clock = when.toISOString().slice(11, step < 60 ? 19 : 16)
    const isAnother = day !== before
    before = day
    return isAnother ? `${clock}\n${day}` : clock
  })
}

/** `14 Mar`; `Mar 2026` where ticks are months apart, `2026` where years. */
function dayOf(when: Date, step: number): string {
  if (step >= 365 * DAY) return String(when.getUTCFullYear())
  const day = step >= 28 * DAY ? ({ year: 'numeric' } as const) : ({ day: 'numeric' } as const)
  return when.toLocaleDateString('en-GB', { ...day, month: 'short', timeZone: 'UTC' })
}

/** `bronze/shop/orders/2026-01.csv` → `…/2026-01.csv`, at most so many characters. */
export function shortKey(key: string, most = 16): string {
  const name = key.slice(key.lastIndexOf('/') + 1)
  return shortened(name, most)
}

/** What is too long keeps its end, as names differ there: `…mers-2026.csv` */
export function shortened(text: string, most = 16): string {
  const characters = [...text]
  return characters.length <= most ? text : `…${characters.slice(1 - most).join('')}`
}
