import { LosslessNumber, parse } from 'lossless-json'

/**
 * One text for all texts of the same JSON value: members in the order of their names, no blanks,
 * numbers by their value (`1`, `1.0` and `10e-1` are one). What is no JSON stays as it is.
 */
export function canonicalJson(text: string): string {
  try {
    return written(parse(text))
  } catch {
    return text
  }
}

function written(value: unknown): string {
  if (value instanceof LosslessNumber) return canonicalNumber(value.value)
  if (Array.isArray(value)) return `[${value.map(written).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  const texts = members.map(([name, member]) => `${JSON.stringify(name)}:${written(member)}`)
  return `{${texts.join(',')}}`
}

/**
 * One text for all texts of the same number, however long: its digits and their exponent.
 * `1.50` and `+15e-1` → `15e-1`, `0.0` and `-0` → `0`
 */
export function canonicalNumber(text: string): string {
  const [mantissa = '', exponent = '0'] = text.trim().toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.replace(/^[+-]/, '').split('.')
  const digits = (whole + fraction).replace(/^0+/, '')
  const kept = digits.replace(/0+$/, '')
  if (kept === '') return '0'
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - kept.length)
  return `${mantissa.startsWith('-') ? '-' : ''}${kept}e${power}`
}
