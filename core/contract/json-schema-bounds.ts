import { _, type Ajv, type CodeKeywordDefinition } from 'ajv'
import { RE2JS } from 're2js'
import { canonicalJson } from '../types/json-value.ts'

/**
 * What ajv does of itself may last for hours for a few bytes: a pattern that goes back, a reference
 * that is followed twice each time, the comparison of each item with each other one.
 */

/** Patterns by RE2, in time that grows with the text alone; it has no look-around. */
export const boundedPatterns = Object.assign(
  (pattern: string) => RE2JS.compile(RE2JS.translateRegExp(pattern)),
  // Which ajv wants for code that it writes to a file; none is.
  { code: 're2js' },
)

/** References that may be followed for a text: some for each character, and so many at most. */
const [FEW, EACH, MOST] = [1_000, 10, 200_000]

let left = Number.POSITIVE_INFINITY

/**
 * Calls what judges a text of so many characters.
 *
 * @throws RangeError where it follows too many references
 */
export function within<T>(characters: number, judge: () => T): T {
  left = Math.min(FEW + EACH * characters, MOST)
  try {
    return judge()
  } finally {
    left = Number.POSITIVE_INFINITY
  }
}

function follow(): void {
  left -= 1
  if (left < 0) throw new RangeError('too many references are followed')
}

/** Every reference is counted before it is followed. */
export function boundRefs(ajv: Ajv): void {
  for (const keyword of ['$ref', '$dynamicRef', '$recursiveRef']) {
    const known = ajv.getKeyword(keyword)
    // Not each draft has each.
    if (typeof known === 'boolean' || !('code' in known)) continue
    const counted: CodeKeywordDefinition = {
      ...known,
      code(cxt, type) {
        cxt.gen.code(_`${cxt.gen.scopeValue('func', { ref: follow })}()`)
        known.code(cxt, type)
      },
    }
    ajv.removeKeyword(keyword)
    ajv.addKeyword(counted)
  }
}

/** Items that must differ are looked up, not compared each with each. */
export function boundUnique(ajv: Ajv): void {
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({
    ...{ keyword: 'uniqueItems', type: 'array', schemaType: 'boolean' },
    validate: (isAsked: boolean, items: unknown[]) => {
      if (!isAsked) return true
      return new Set(items.map((one) => canonicalJson(JSON.stringify(one)))).size === items.length
    },
  })
}
