import type { Difference, OneSided } from './compare.ts'
import { ofDialects } from './disagreements-dialect.ts'
import { ofKeys } from './disagreements-keys.ts'
import { ofDescriptors } from './disagreements-refused.ts'
import { ofTypes } from './disagreements-types.ts'
import type { RefereeFile } from './judge.ts'
import type { Heard } from './run.ts'
import { hearings } from './second-hearing.ts'
import type { SluiceFile } from './verdict.ts'

/**
 * The disagreements that are known: where the referee does not do what the standard's text says,
 * or where Sluice deviates on purpose (docs/decisions.md). Nothing else explains a difference.
 */
export interface Disagreement {
  id: string
  /** Who does not do what the standard says. */
  whose: 'referee' | 'sluice'
  /** The sentence, word for word, and where it stands; of Sluice's own, the reason. */
  sentence: string
  section: string
  /** Whether it is the reason why only one side tells this error. As narrow as can be. */
  explains(one: Case): boolean
}

type Loose = Record<string, unknown>

/** An error that only one side tells, and all around it. */
export interface Case extends OneSided {
  difference: Difference
  /** As they stand in the descriptor; empty where there is none. */
  type: string
  descriptor: Loose & { constraints?: Loose }
  schema: Loose
  resource: Loose
  referee: RefereeFile
  sluice: SluiceFile
  heard: Heard
}

/** All of them, also those that a second hearing of the referee settles. */
export const disagreements: Disagreement[] = [
  ...hearings,
  ...ofTypes,
  ...ofKeys,
  ...ofDialects,
  ...ofDescriptors,
]

/**
 * @returns the ids of the disagreements that explain every error which only one side tells; or
 *   undefined where one is left
 */
export function explain(
  difference: Difference,
  file: { heard: Heard; referee: RefereeFile; sluice: SluiceFile },
): string[] | undefined {
  const cases = difference.oneSided.map((one) => caseOf(one, difference, file))
  const direct = cases.map((one) => disagreements.find((known) => known.explains(one))?.id)
  // What is no value for one side alone is looked at no further by it: no constraint is broken.
  const ids = cases.map(({ rule, field }, i) => {
    const reason = cases.findIndex((one) => one.rule === 'type-error' && one.field === field)
    return direct[i] ?? (rule === 'constraint-error' && reason >= 0 ? direct[reason] : undefined)
  })
  const found = ids.filter((id) => id !== undefined)
  return found.length === ids.length ? [...new Set(found)] : undefined
}

function caseOf(
  one: OneSided,
  difference: Difference,
  file: { heard: Heard; referee: RefereeFile; sluice: SluiceFile },
): Case {
  const { resources } = file.heard.descriptor
  const resource = resources.find(({ name }) => name === difference.resource) ?? {}
  const schema = ((resource as Loose).schema ?? {}) as Loose & { fields?: Loose[] }
  const descriptor = schema.fields?.find(({ name }) => name === one.field) ?? {}
  const type = (descriptor.type as string | undefined) ?? 'any'
  return { ...one, ...file, difference, type, descriptor, schema, resource }
}
