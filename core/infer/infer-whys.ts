import type { BrokenRule } from '../judge/broken-rules.ts'
import { codeBy, type Fact } from './infer-facts.ts'
import { type Form, propertiesOf } from './infer-forms.ts'
import type { Near } from './infer-near.ts'
import type { FoundField } from './infer-types.ts'

/** Why a field is a string though it looks like more, and what would make it so. */
export interface Why {
  field: string
  text: string
}

/** Of a column whose every value has two readings that nothing in the file decides between. */
export function whyOfDoubt({ name, form, example, missing }: Fact): Why {
  const ways = (form.readings ?? []).map((one) => {
    return `where ${one.where}, write ${written(one.form, missing)}`
  })
  const has = `${cut(example ?? '')} has two readings, and nothing in the file says which`
  return { field: name, text: `${has}: ${ways.join('; ')}` }
}

/** Of one whose digits are a name. */
export function whyOfCode(fact: Fact): Why {
  const { name, form, missing } = fact
  const text = `digits, but ${codeBy(fact)}`
  if (form.readings) return { field: name, text }
  const cure = `where it counts something, write ${written(form, missing)}`
  return { field: name, text: `${text}: ${cure}` }
}

/** Of one whose type leaves records without any value: blank ones, which are rejected. */
export function whyOfLoss({ name, ...field }: FoundField): Why {
  const text = `as ${propertiesIn(field)} some records would have no value at all, and be rejected`
  return { field: name, text }
}

/** Of one without any value. */
export function whyOfNothing(name: string): Why {
  return { field: name, text: 'no record has a value: nothing says what it is' }
}

/**
 * Of one that a few values keep from a type.
 *
 * @param first of its errors, where they were looked for
 */
export function whyOfNear(near: Near, first: BrokenRule['examples'][number] | undefined): Why {
  const { name, form, missing, given, misfits, unlike } = near
  const says = (text: string): Why => ({ field: name, text })
  const own = written(form, missing)
  if (misfits === 0) return says(`every value is a ${form.type} in words: write ${own}`)
  const [are, theirs, they] =
    misfits === 1 ? ['is', 'its record', 'it counts'] : ['are', 'their records', 'they count']
  const type = `${form.type}${form.format ? ` as ${form.format}` : ''}`
  const which = `${misfits > 1 ? 'first ' : ''}${cut(first?.value ?? '')} in line ${first?.line}`
  const count = `${misfits.toLocaleString('en')} of ${given.toLocaleString('en')} values`
  const head = `${count} ${are} no ${type}${first ? `, ${which}` : ''}`
  if (form.readings) return says(`${head}; ${whyOfDoubt(near).text}`)
  const plain = `${own} would reject ${theirs}`
  if (!unlike) return says(`${head}: ${plain}`)
  const none = JSON.stringify(['', ...missing, ...unlike])
  return says(`${head}: ${plain}; with missingValues: ${none} ${they} as missing`)
}

/** The form as a field of the descriptor says it. */
function written(form: Form, missing: string[]): string {
  const { trueValues, falseValues } = form
  // Those of `true` and `false` are the standard's own.
  const words = trueValues?.length === 1 ? { trueValues, falseValues } : {}
  const none = missing.length > 0 ? { missingValues: ['', ...missing] } : {}
  return propertiesIn({ ...propertiesOf(form), ...words, ...none })
}

/** `type: number, decimalChar: ","`: as it stands in a field's braces. */
function propertiesIn(properties: object): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}: ${name === 'type' ? value : JSON.stringify(value)}`)
    .join(', ')
}

function cut(value: string): string {
  return JSON.stringify(value.length > 40 ? `${value.slice(0, 40).toWellFormed()}…` : value)
}
