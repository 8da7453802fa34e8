import { type Document, parseDocument, visit } from 'yaml'

/**
 * Numbers of a descriptor as they are written: a bound that a double would round (beyond 64 bits,
 * or of more digits than it has) stays its digits, as a string.
 */

/** What `JSON.parse` tells of a value. */
interface Context {
  source?: string
}

/** For `JSON.parse`. */
export function exactInJson(_: string, value: unknown, context?: Context): unknown {
  return typeof value === 'number' && isRounded(value, context?.source) ? context?.source : value
}

/** For `JSON.parse`, of what is to be written again: each number as it stands there. */
export function asWritten(_: string, value: unknown, context?: Context): unknown {
  const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown }
  return typeof value === 'number' && context?.source ? rawJSON(context.source) : value
}

/** A tag of a stranger's (`!!js/function`) is passed over, and not told on the standard error. */
export function exactYaml(text: string): Document {
  const doc = parseDocument(text, { intAsBigInt: true, logLevel: 'error' })
  visit(doc, {
    Scalar(_, node) {
      const { value, source } = node
      if (typeof value === 'number' && isRounded(value, source)) node.value = source
    },
  })
  return doc
}

/** For `toJS` of such a document. */
export const reviver = (_: unknown, value: unknown): unknown => {
  if (typeof value !== 'bigint') return value
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
}

function isRounded(value: number, source: string | undefined): boolean {
  if (source === undefined || !/^[-+]?\.?\d/.test(source)) return false
  if (/^-?\d+$/.test(source) && !Number.isSafeInteger(value)) return true
  return digitsOf(source) !== digitsOf(String(value))
}

/** `-0.0120e5` → `12`. */
function digitsOf(number: string): string {
  return number
    .replace(/e.*$/i, '')
    .replaceAll(/[-+.]/g, '')
    .replaceAll(/^0+|0+$/g, '')
}
