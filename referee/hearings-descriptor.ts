import type { Case } from './disagreements.ts'
import { constraintsOf, dialectOf, fieldsOf, type Hearing, never, told } from './hearing.ts'
import type { Heard } from './run.ts'

/** What is spelled out in the descriptor or the file; see adaptations.py. */
export const ofDescriptors: Hearing[] = [
  {
    id: 'metadata',
    whose: 'sluice',
    sentence:
      'Every other property may stand anywhere, and decides nothing; for licenses, a version or ' +
      'a profile of odd form, or capitals in a name, the referee gives the package up: it is ' +
      'heard without them.',
    section: 'docs/contract.md',
    when: (_, heard) => givenUp(heard),
    explains: never,
  },
  {
    id: 'resource-alone',
    whose: 'sluice',
    sentence:
      'A resource that is wrong harms its own files only; the referee gives the package up: it ' +
      'is heard without those that it finds wrong in a package of their own.',
    section: 'docs/contract.md',
    when: (_, heard) => heard.descriptor.resources.length > 1 && givenUp(heard),
    explains: never,
  },
  {
    id: 'path-of-a-url',
    whose: 'referee',
    sentence: 'a "url-or-path" as defined in the URL of Path definition',
    section: 'Data Resource: path (a relative POSIX path)',
    // It takes a `#` or `?` in a path for a part of a URL, and judges no row.
    when: ({ path }) => [path].flat().some((one) => typeof one === 'string' && /[#?]/.test(one)),
    explains: never,
  },
  {
    id: 'format-in-capitals',
    whose: 'referee',
    sentence:
      'Would be expected to be the standard file extension for this type of resource. For ' +
      'example, csv, xls, json etc.',
    section: 'Data Resource: format',
    // Of `CSV` it takes the file, and judges no row.
    when: ({ format }) => typeof format === 'string' && format !== format.toLowerCase(),
    explains: never,
  },
  {
    id: 'dialect',
    whose: 'referee',
    sentence:
      'Table Dialect descriptor MAY have the delimiter property that MUST be a string; with ' +
      'default value `,` (comma). … quoteChar … default value `"` … skipInitialSpace … default ' +
      'value `false`.',
    section: 'Table Dialect: delimiter, quoteChar, skipInitialSpace',
    // It guesses what is not given (csv.Sniffer): the defaults are spelled out for it.
    when: (resource) =>
      ['delimiter', 'quoteChar', 'skipInitialSpace'].some((one) => !(one in dialectOf(resource))),
    explains: never,
  },
  {
    id: 'encoding',
    whose: 'referee',
    sentence:
      'It is RECOMMENDED to use UTF-8 (without BOM) as a default encoding for textual files.',
    section: 'Data Resource: encoding',
    // It guesses from the first bytes, and may find another encoding for the same text.
    when: ({ encoding }) => encoding === undefined,
    explains: never,
  },
  {
    id: 'version',
    whose: 'referee',
    sentence:
      'A descriptor MAY include any number of properties in additional to those described below ' +
      'as required and optional properties.',
    section: 'Data Resource: Properties',
    // It takes no property of v2 in a descriptor without `$schema`: it is declared for it.
    when: (_, heard) => told(heard, /package-error/, /v2/),
    explains: never,
  },
  {
    id: 'null-sequence',
    whose: 'referee',
    sentence: 'This property specifies the null sequence, for example, `\\N`.',
    section: 'Table Dialect: nullSequence',
    // It knows the property's name, and does nothing with it: it is a missing value for it.
    when: (resource) => 'nullSequence' in dialectOf(resource),
    explains: never,
  },
  {
    id: 'comment-above-the-header',
    whose: 'referee',
    sentence:
      "This property specifies what rows have to be omitted from the data based on the row's " +
      'first characters.',
    section: 'Table Dialect: commentChar, commentRows',
    // Where a comment stands in the header's row, it takes no header, and the header for data:
    // it is told the row that the header is in.
    when: (resource) => ['commentChar', 'commentRows'].some((one) => one in dialectOf(resource)),
    explains: never,
  },
  {
    id: 'pattern-of-alternatives',
    whose: 'referee',
    sentence:
      'The values of this field MUST conform to the standard XML Schema regular expression syntax.',
    section: 'Table Schema: pattern',
    // It sets ^ before the first alternative and $ behind the last; XML Schema means the whole.
    when: (resource) =>
      fieldsOf(resource).some((field) => String(constraintsOf(field).pattern).includes('|')),
    explains: never,
  },
  {
    id: 'zst',
    whose: 'sluice',
    sentence: 'A file may be packed as `.zst`; the referee cannot unpack it, and gets its text.',
    section: 'docs/contract.md',
    when: ({ path }) => String(path).endsWith('.zst'),
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
    when: (_, heard) => told(heard, /package-error/, /is not supported by type/),
    explains: isOfUnknownConstraint,
  },
]

/** For another reason than those that have a hearing of their own. */
const givenUp = (heard: Heard) =>
  told(heard, /package-error/, /^(?!.*(v2|is not supported by type))/s)

function isOfUnknownConstraint({ side, rule, descriptor, note }: Case): boolean {
  const [name = ''] = note.split(' ')
  if (side !== 'sluice' || rule !== 'constraint-error') return false
  if (descriptor.constraints?.[name] === undefined) return false
  if (descriptor.type === 'list') return name === 'enum'
  const isBound = /^(exclusiveM|m)(in|ax)imum$/.test(name)
  return name === 'jsonSchema' || (descriptor.type === 'duration' && isBound)
}
