import type { Case, Disagreement } from './disagreements.ts'

/** Where Sluice takes less than the standard has, since it would not keep the value exactly. */

const typeError = ({ side, rule, literal }: Case) =>
  side === 'sluice' && rule === 'type-error' && literal !== null

const isWide = (text: string) => {
  const digits = text.replaceAll(/\D/g, '').replace(/^0+/, '')
  const value = BigInt(digits === '' ? 0 : digits)
  return text.includes('-') ? value > 2n ** 63n : value >= 2n ** 63n
}

export const ofSluice: Disagreement[] = [
  {
    id: 'integer-beyond-64-bits',
    whose: 'sluice',
    sentence:
      'An integer beyond 64 bits is kept where a bound of the contract is beyond them, else ' +
      'rejected.',
    section: 'docs/contract.md',
    explains: (one) =>
      typeError(one) && ['integer', 'year'].includes(one.type) && isWide(one.literal!),
  },
  {
    id: 'number-beyond-a-double',
    whose: 'sluice',
    sentence:
      'A number that a double would change is rejected; `sluice: {decimal: [p, s]}` keeps it.',
    section: 'docs/contract.md',
    explains: (one) => {
      if (!typeError(one) || one.type !== 'number') return false
      const digits = one.literal!.replace(/e.*$/i, '').replaceAll(/\D/g, '').replace(/^0+/, '')
      const exponent = Number(/e([+-]?\d+)/i.exec(one.literal!)?.[1] ?? 0)
      return digits.length > 15 || Math.abs(exponent) >= 290
    },
  },
  {
    id: 'time-finer-than-microseconds',
    whose: 'sluice',
    sentence:
      'A fraction of a second finer than Postgres keeps, microseconds, is rejected, not cut.',
    section: 'docs/contract.md',
    explains: (one) =>
      typeError(one) && ['time', 'datetime'].includes(one.type) && /\.\d{7,}/.test(one.literal!),
  },
  {
    id: 'instant-beyond-the-calendar',
    whose: 'sluice',
    sentence: 'An instant that in UTC is before the year 0001 or after 9999 is rejected.',
    section: 'docs/contract.md',
    explains: (one) =>
      typeError(one) &&
      one.type === 'datetime' &&
      /^(0001-01-01|9999-12-31).*[+-]\d\d:\d\d$/.test(one.literal!),
  },
  {
    id: 'duration-of-many-digits',
    whose: 'sluice',
    sentence: 'A duration of numbers beyond 15 digits, or 12 of fraction, is rejected.',
    section: 'docs/contract.md',
    explains: (one) =>
      typeError(one) && one.type === 'duration' && /\d{16,}|\.\d{13,}/.test(one.literal!),
  },
  {
    id: 'list-of-no-json-number',
    whose: 'sluice',
    sentence: 'A list is kept as JSON, which has no NaN and no INF: such an item is rejected.',
    section: 'docs/contract.md',
    explains: (one) =>
      typeError(one) &&
      one.type === 'list' &&
      one.descriptor.itemType === 'number' &&
      /nan|inf/i.test(one.literal!),
  },
  {
    id: 'json-that-is-no-text',
    whose: 'sluice',
    sentence:
      'JSON with `\\u0000` or half of a surrogate pair is rejected: jsonb and UTF-8 hold neither.',
    section: 'docs/contract.md',
    explains: (one) =>
      typeError(one) &&
      ['object', 'array', 'geojson'].includes(one.type) &&
      /\\u(0000|[dD][89a-fA-F])/.test(one.literal!),
  },
  {
    id: 'pattern-that-says-less-or-more',
    whose: 'sluice',
    sentence: 'A pattern that leaves out the year, or says a part twice, is refused with its cure.',
    section: 'docs/contract.md',
    explains: ({ side, rule, note }) =>
      side === 'sluice' && rule === 'refused' && /\.format: found ".*%/.test(note),
  },
  {
    id: 'enum-of-another-type',
    whose: 'sluice',
    sentence: 'A member of an enum that is no value of the field is refused, with its cure.',
    section: 'docs/contract.md',
    explains: ({ side, rule, note }) =>
      side === 'sluice' && rule === 'refused' && /\benum\b/.test(note),
  },
]
