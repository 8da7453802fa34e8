import type { Case, Disagreement } from './disagreements.ts'

/** Files that Sluice refuses by their descriptor, and what the referee takes for nothing. */

function isRefused({ rule, note, side }: Case, reason: RegExp): boolean {
  return side === 'sluice' && rule === 'refused' && reason.test(note) && !note.includes('\n')
}

export const ofDescriptors: Disagreement[] = [
  {
    id: 'not-listed',
    whose: 'sluice',
    sentence:
      'A format of a file or a field, or a setting of `sluice`, that Sluice does not know is ' +
      'refused by name; the referee passes over those of an integer or a number, and over ' +
      '`sluice`, and reads other files, or none of them.',
    section: 'docs/contract.md',
    explains: (one) =>
      isRefused(one, /: resources\[\d+\]\.sluice(: |\.)/) ||
      (isRefused(one, /: resources\[\d+\]\.format: found "/) && isOther(one.resource.format)) ||
      (isRefused(one, /\.fields\[\d+\]\.format: found "/) && isOfNumber(one)),
  },
  {
    id: 'zip',
    whose: 'sluice',
    sentence: 'A file may be packed as `.gz` or `.zst`; a `.zip` is refused, with its cure.',
    section: 'docs/contract.md',
    explains: (one) =>
      isRefused(one, /\.compression: found "zip"|^compression-error: a \.zip is not read/) &&
      (one.resource.compression === 'zip' || /\.zip$/i.test(one.difference.path)),
  },
  {
    id: 'no-schema',
    whose: 'sluice',
    sentence: 'A resource without a schema is refused; the referee takes any text for a value.',
    section: 'docs/contract.md',
    explains: (one) =>
      isRefused(one, /\.schema: found null/) && Object.keys(one.schema).length === 0,
  },
  {
    id: 'names-of-one-table',
    whose: 'sluice',
    sentence: 'Two resources, or two fields, that would have one name in Postgres are refused.',
    section: 'docs/contract.md',
    explains: (one) =>
      (isRefused(one, /are both \S+: rename one$/) && fall(one.heard.descriptor.resources)) ||
      (isRefused(one, /a name that differs from "[^"]*" by more/) && fall(one.schema.fields)),
  },
  {
    id: 'bytes-of-zero',
    whose: 'referee',
    sentence: 'Size of the file in bytes.',
    section: 'Data Resource: bytes',
    // It takes 0 for a size that is not given.
    explains: (one) => isRefused(one, /^byte-count: /) && one.resource.bytes === 0,
  },
  {
    id: 'quote-that-is-empty',
    whose: 'referee',
    sentence: 'This property specifies a character to use for quoting',
    section: 'Table Dialect: quoteChar',
    // With `""` there is none; its reader of Python wants one.
    explains: ({ side, rule, note, resource }) =>
      side === 'referee' &&
      rule === 'source-error' &&
      /"?quotechar"? must be a/.test(note) &&
      (resource.dialect as { quoteChar?: unknown } | undefined)?.quoteChar === '',
  },
]

const isOther = (format: unknown) => typeof format === 'string' && !/^(csv|tsv)$/i.test(format)

/** Whether the field that a refusal names has a type for which the standard has no formats. */
function isOfNumber({ note, schema }: Case): boolean {
  const index = Number(/\.fields\[(\d+)\]/.exec(note)?.[1])
  const field = (schema.fields as { type?: unknown }[] | undefined)?.[index]
  return ['integer', 'number'].includes(String(field?.type))
}

/** Whether two names are the same but for capitals and what is no letter or digit. */
function fall(named: unknown): boolean {
  const names = (named as { name?: unknown }[]).map(({ name }) => {
    return String(name)
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '_')
  })
  return new Set(names).size < names.length
}
