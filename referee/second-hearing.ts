import type { Hearing } from './hearing.ts'
import { ofDescriptors } from './hearings-descriptor.ts'
import { ofReferee } from './hearings-referee.ts'
import type { Adaptation } from './judge.ts'
import type { Heard } from './run.ts'

/**
 * Where the referee guesses, gives up, or lacks a part of the standard, it is heard once more with
 * the descriptor or the file changed (adaptations.py), or with what it lacks (lacks.py, keys.py).
 * So every row is still compared. What differs then is looked for among the other disagreements.
 */
const ofSluice: Hearing[] = [
  {
    id: 'bytes',
    whose: 'sluice',
    sentence:
      'Bytes that are no character are an error of their record, `encoding-error`; so is a NUL, ' +
      'which Postgres cannot hold. The referee ends at the first such byte, or takes the NUL.',
    section: 'docs/contract.md',
    // It is given U+FFFD there; the record itself is rejected by Sluice alone.
    when: (_, { referee, sluice }) =>
      referee.some(({ errors }) => errors.some(([type]) => /encoding|source/.test(type))) ||
      sluice.some(({ rows }) => rows.some(({ errors }) => errors.some(isOfText))),
    explains: ({ side, rule, note, difference, sluice, referee }) => {
      if (side === 'sluice') {
        return rule === 'encoding-error' || (rule === 'refused' && /^encoding-error/.test(note))
      }
      // What else is wrong with a record that has no characters is not looked at, nor its key.
      const before = Number(/row at position (\d+)/.exec(note)?.[1])
      const first = referee.rows.find(({ number }) => number === before)?.lines[0]
      const rows = sluice.rows.filter(({ line }) => line === difference.line || line === first)
      return rows.some(({ errors }) => errors.some(isOfBytes))
    },
  },
]

const isOfBytes = ({ rule }: { rule: string }) => rule === 'encoding-error'

/** Where a quote is broken, the characters are not looked at. */
const isOfText = ({ rule }: { rule: string }) => /^(encoding|quote)-error$/.test(rule)

export const hearings: Hearing[] = [...ofDescriptors, ...ofReferee, ...ofSluice]

/** @returns what the referee's second hearing is to change, where the first one differed */
export function adaptationsFor(heard: Heard): Adaptation[] {
  return hearings.flatMap(({ id, when }) => {
    return heard.descriptor.resources.some((resource) => when(resource, heard)) ? [id] : []
  })
}

/** @returns those of them that are of one resource */
export function adaptationsOf(name: string, heard: Heard): Adaptation[] {
  const resource = heard.descriptor.resources.find((one) => one.name === name)
  return hearings.flatMap(({ id, when }) => (resource && when(resource, heard) ? [id] : []))
}
