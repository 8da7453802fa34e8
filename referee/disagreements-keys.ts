import type { Case, Disagreement } from './disagreements.ts'

/** Of primary, unique and foreign keys. */

const namesIn = (key: unknown) => [key ?? []].flat() as string[]

type Key = { fields: unknown; reference: { resource?: string; fields: unknown } }

const foreignKeys = ({ schema }: Case) => (schema.foreignKeys ?? []) as Key[]

export const ofKeys: Disagreement[] = [
  {
    id: 'key-of-a-text-that-is-no-value',
    whose: 'referee',
    sentence: 'a set of fields that are required to have unique logical values in each row',
    section: 'Table Schema: primaryKey, uniqueKeys, unique',
    // A text that it alone takes for a value (see the types below) is a key for it, too.
    explains: (one) => {
      if (one.side !== 'referee' || !/^(primary-key|unique-error)$/.test(one.rule)) return false
      const sets = [one.schema.primaryKey, ...((one.schema.uniqueKeys ?? []) as string[][])]
      const isIts = (key: unknown) => namesIn(key).join(', ') === one.field
      const key = namesIn(one.field === null ? sets[0] : (sets.find(isIts) ?? one.field))
      const before = Number(/row at position (\d+)/.exec(one.note)?.[1])
      const first = one.referee.rows.find(({ number }) => number === before)?.lines[0]
      return [first, one.difference.line].some((line) => hasTypeError(one, line, key))
    },
  },
  {
    id: 'foreign-key-accepted-parents',
    whose: 'sluice',
    sentence: 'Foreign keys compare with accepted parents: a rejected row is not in the table.',
    section: 'docs/decisions.md',
    explains: (one) =>
      one.side === 'sluice' &&
      one.rule === 'foreign-key' &&
      foreignKeys(one).some((key) => namesIn(key.fields).join(', ') === one.field) &&
      foreignKeys(one).some((key) => hasParent(one, key, false)),
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
    sentence: 'A list of paths is many objects of one dataset; the referee reads them as one text.',
    section: 'docs/decisions.md',
    // Where a file ends without a line end, or begins with a header, it loses a parent's row.
    explains: (one) =>
      one.side === 'referee' &&
      one.rule === 'foreign-key' &&
      foreignKeys(one).some((key) => {
        const { path } = parentOf(one, key)
        return Array.isArray(path) && path.length > 1 && hasParent(one, key, true)
      }),
  },
]

/** Whether a parent's row that Sluice did or did not accept has the orphan's values in its key. */
function hasParent(one: Case, key: Key, isAccepted: boolean): boolean {
  const orphan = one.referee.rows.find(({ lines }) => lines[0] === one.difference.line)
  const wanted = namesIn(key.fields).map((name) => orphan?.values[name] ?? null)
  const { name } = parentOf(one, key)
  return one.heard.referee.some((file) => {
    if (file.resource !== name || wanted.includes(null)) return false
    const own = one.heard.sluice.find(({ path }) => path === file.path)
    // An orphan is in the table, too, as a parent of others.
    const loaded = own?.rows.filter(({ errors }) => errors.every(isOrphan))
    const good = new Set(loaded?.map(({ line }) => line))
    const names = namesIn(key.reference.fields)
    return file.rows.some(({ lines, values }) => {
      const isSame = names.every((part, i) => values[part] === wanted[i])
      return isSame && good.has(lines[0]) === isAccepted
    })
  })
}

const isOrphan = ({ rule }: { rule: string }) => rule === 'foreign-key'

function parentOf({ heard, resource }: Case, { reference }: Key) {
  const parent = reference.resource || resource.name
  return heard.descriptor.resources.find(({ name }) => name === parent)!
}

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
