import type { Disagreement } from './disagreements.ts'
import type { Adaptation } from './judge.ts'
import type { Descriptor } from './package.ts'
import type { Heard } from './run.ts'

/** Something that the referee guesses or lacks; with it spelled out, it is heard once more. */
export type Hearing = Disagreement & {
  id: Adaptation
  /** Whether a resource of the package needs it, which differed in the first hearing. */
  when(resource: Resource, heard: Heard): boolean
}

type Resource = Descriptor['resources'][number]
type Loose = Record<string, unknown>

/** For one that a second hearing settles without a rest. */
export const never = () => false

export const schemaOf = (resource: Resource) =>
  (resource.schema ?? {}) as Loose & { fields?: Loose[] }
export const fieldsOf = (resource: Resource) => schemaOf(resource).fields ?? []
export const constraintsOf = (field: Loose) => (field.constraints ?? {}) as Loose
export const dialectOf = (resource: Resource) => (resource.dialect ?? {}) as Loose

/** Whether the referee told such an error of a file as a whole. */
export function told({ referee }: Heard, rule: RegExp, note = /^/): boolean {
  return referee.some((file) =>
    file.errors.some(([type, , text]) => rule.test(type) && note.test(text)),
  )
}
