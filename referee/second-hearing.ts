import type { Disagreement } from './disagreements.ts'
import type { Adaptation, RefereeFile } from './judge.ts'
import type { Heard } from './run.ts'

/**
 * Where the referee guesses, gives up, or lacks a part of the standard, it is heard once more with
 * the descriptor or the file changed (judge.py has the change of each name). What differs then is
 * looked for among the other disagreements; what agrees is counted under the change's name.
 */
type Hearing = Disagreement & { id: Adaptation; when(heard: Heard): boolean }

const told = ({ referee }: Heard, rule: RegExp, note = /./) =>
  referee.some((file: RefereeFile) =>
    file.errors.some(([type, , text]) => rule.test(type) && note.test(text || ' ')),
  )

const never = () => false

export const hearings: Hearing[] = [
  {
    id: 'dialect',
    whose: 'referee',
    sentence:
      'Table Dialect descriptor MAY have the delimiter property that MUST be a string; with ' +
      'default value `,` (comma). … quoteChar … default value `"` … skipInitialSpace … default ' +
      'value `false`.',
    section: 'Table Dialect: delimiter, quoteChar, skipInitialSpace',
    // It guesses what is not given (csv.Sniffer): the defaults are spelled out for it.
    when: () => true,
    explains: never,
  },
  {
    id: 'encoding',
    whose: 'referee',
    sentence:
      'It is RECOMMENDED to use UTF-8 (without BOM) as a default encoding for textual files.',
    section: 'Data Resource: encoding',
    // It guesses from the first bytes, and may find another encoding for the same text.
    when: ({ descriptor }) => descriptor.resources.some(({ encoding }) => encoding === undefined),
    explains: never,
  },
  {
    id: 'constraints',
    whose: 'referee',
    sentence:
      'Implementations SHOULD report an error if an attempt is made to evaluate a value against ' +
      'an unsupported constraint.',
    section:
      'Table Schema: Field Constraints (jsonSchema; minimum and maximum of a duration; enum)',
    // It has no such constraint, and takes no row then: it judges without the constraint.
    when: (heard) => told(heard, /package-error/, /is not supported by type/),
    explains: ({ side, rule, descriptor, note }) => {
      const has = (name: string) => descriptor.constraints?.[name] !== undefined
      const lacks = ['jsonSchema', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']
      const type = descriptor.type as string
      if (side !== 'sluice' || rule !== 'constraint-error') return false
      if (/json ?schema/i.test(note) && has('jsonSchema')) return true
      if (type === 'list') return has('enum') && /enum|one of/.test(note)
      return type === 'duration' && lacks.some(has)
    },
  },
  {
    id: 'version',
    whose: 'referee',
    sentence:
      'A descriptor MAY include any number of properties in additional to those described below ' +
      'as required and optional properties.',
    section: 'Data Resource: Properties',
    // It takes no property of v2 in a descriptor without `$schema`: it is declared for it.
    when: (heard) => told(heard, /package-error/, /v2/),
    explains: never,
  },
  {
    id: 'bytes',
    whose: 'sluice',
    sentence:
      'Bytes that are no character are an error of their record, `encoding-error`; so is a NUL, ' +
      'which Postgres cannot hold. The referee ends at the first such byte, or takes the NUL.',
    section: 'docs/contract.md',
    // It is given U+FFFD there; the record itself is rejected by Sluice alone.
    when: ({ referee, sluice }) =>
      referee.some(({ errors }) => errors.some(([type]) => /encoding|source/.test(type))) ||
      sluice.some(({ rows }) => rows.some((row) => row.errors.some(isOfBytes))),
    explains: ({ side, rule, note, difference, sluice }) => {
      if (side === 'sluice') {
        return rule === 'encoding-error' || (rule === 'refused' && /^encoding-error/.test(note))
      }
      // What else is wrong with a record that has no characters is not looked at.
      const row = sluice.rows.find(({ line }) => line === difference.line)
      return row?.errors.some(isOfBytes) ?? false
    },
  },
]

const isOfBytes = ({ rule }: { rule: string }) => rule === 'encoding-error'

/** @returns what the referee's second hearing is to change, where the first one differed */
export function adaptationsFor(heard: Heard): Adaptation[] {
  return hearings.filter(({ when }) => when(heard)).map(({ id }) => id)
}
