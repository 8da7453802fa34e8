import type { Case, Disagreement } from './disagreements.ts'

/** Of primary, unique and foreign keys. */

const namesIn = (key: unknown) => [key ?? []].flat() as string[]

type Key = { fields: unknown; reference: { resource?: string; fields: unknown } }

const foreignKeys = ({ schema }: Case) => (schema.foreignKeys ?? []) as Key[]

export const ofKeys: Disagreement[] = [
  {
    id: 'primary-key-part-null',
    whose: 'referee',
    sentence:
      'Per SQL standards, the fields cannot be `null`, so their use in the primary key is ' +
      'equivalent to adding `required: true` to their constraints.',
    section: 'Table Schema: primaryKey',
    // It asks only that not all parts are null.
    explains: ({ side, rule, schema, note }) =>
      side === 'sluice' &&
      rule === 'primary-key' &&
      namesIn(schema.primaryKey).length > 1 &&
      note.includes('is missing'),
  },
  {
    id: 'primary-key-of-errors',
    whose: 'referee',
    sentence:
      'A primary key is a field or set of fields that uniquely identifies each row in the table.',
    section: 'Table Schema: primaryKey',
    // A part that is no value of its type counts as null in its comparison: (error, 5) twice.
    explains: ({ side, rule, schema, difference, referee }) => {
      if (side !== 'referee' || rule !== 'primary-key') return false
      const key = namesIn(schema.primaryKey)
      const row = referee.rows.find(({ lines }) => lines[0] === difference.line)
      return row?.errors.some(([type, field]) => isOfCell(type) && key.includes(field!)) ?? false
    },
  },
  {
    id: 'key-of-a-text-that-is-no-value',
    whose: 'referee',
    sentence: 'a set of fields that are required to have unique logical values in each row',
    section: 'Table Schema: primaryKey, uniqueKeys, unique',
    // A text that it alone takes for a value (see the types below) is a key for it, too.
    explains: (one) => {
      if (one.side !== 'referee' || !/^(primary-key|unique-error)$/.test(one.rule)) return false
      const key = one.field ? [one.field] : namesIn(one.schema.primaryKey)
      const before = Number(/row at position (\d+)/.exec(one.note)?.[1])
      const first = one.referee.rows.find(({ number }) => number === before)?.lines[0]
      return [first, one.difference.line].some((line) => hasTypeError(one, line, key))
    },
  },
  {
    id: 'unique-keys',
    whose: 'referee',
    sentence:
      'A unique key is a field or a set of fields that are required to have unique logical ' +
      'values in each row in the table.',
    section: 'Table Schema: uniqueKeys',
    // It does not know the property.
    explains: ({ side, rule, schema, field }) => {
      const keys = (schema.uniqueKeys ?? []) as string[][]
      const told = side === 'sluice' && rule === 'unique-error'
      return told && keys.some((key) => key.join(', ') === field)
    },
  },
  {
    id: 'foreign-key-part-null',
    whose: 'referee',
    sentence: 'They are directly modelled on the concept of foreign keys in SQL.',
    section: 'Table Schema: foreignKeys',
    // In SQL a key of which a part is null points to nothing; it looks for the other parts.
    explains: (one) =>
      one.side === 'referee' &&
      one.rule === 'foreign-key' &&
      foreignKeys(one).some(({ fields }) => namesIn(fields).length > 1) &&
      /"[^"]*\bNone\b[^"]*" not found/.test(one.note),
  },
  {
    id: 'foreign-key-accepted-parents',
    whose: 'sluice',
    sentence: 'Foreign keys compare with accepted parents: a rejected row is not in the table.',
    section: 'docs/decisions.md',
    explains: (one) => {
      if (one.side !== 'sluice' || one.rule !== 'foreign-key') return false
      const names = foreignKeys(one).map(({ reference }) => reference.resource || one.resource.name)
      const parents = one.heard.referee.filter(({ resource }) => names.includes(resource))
      return parents.some((file) => file.errors.length > 0 || hasRejected(one, file))
    },
  },
  {
    id: 'foreign-key-of-rejected',
    whose: 'sluice',
    sentence: 'Foreign keys are checked of accepted records: a rejected one waits for no parent.',
    section: 'docs/decisions.md',
    explains: ({ side, rule, difference }) =>
      side === 'referee' && rule === 'foreign-key' && difference.kind === 'rules',
  },
  {
    id: 'foreign-key-list-of-paths',
    whose: 'sluice',
    sentence: 'A list of paths is many objects of one dataset: keys are checked within an object.',
    section: 'docs/decisions.md',
    explains: ({ rule, resource, side }) =>
      side === 'referee' && /-key$|unique/.test(rule) && Array.isArray(resource.path),
  },
]

const isOfCell = (type: string) => type === 'type-error' || type === 'constraint-error'

/** Whether a parent has a row that Sluice rejects and whose cells hold the orphan's values. */
function hasRejected(one: Case, file: Case['referee']): boolean {
  const own = one.heard.sluice.find(({ path }) => path === file.path)
  const bad = new Set(own?.rows.filter(({ errors }) => errors.length > 0).map(({ line }) => line))
  const cells = new Set(one.difference.cells.map(bare))
  return file.rows.some(
    (row) => bad.has(row.lines[0]) && row.cells.some((cell) => cells.has(bare(cell))),
  )
}

/** Blanks and zeros that make no other value of a number. */
const bare = (cell: string | null) => cell?.trim().replace(/^\+?0+(?=\d)/, '')

/** Whether Sluice alone has a type error in a field of the key. */
function hasTypeError({ sluice, referee }: Case, line: number | undefined, key: string[]): boolean {
  const ours = sluice.rows.find((row) => row.line === line)?.errors ?? []
  const theirs = referee.rows.find((row) => row.lines[0] === line)?.errors ?? []
  const known = theirs.filter(([type]) => type === 'type-error').map(([, field]) => field)
  return ours.some(
    ({ rule, field }) =>
      rule === 'type-error' && field && key.includes(field) && !known.includes(field),
  )
}
