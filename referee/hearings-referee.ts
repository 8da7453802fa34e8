import { formatOf, isType, textOf } from './disagreements-forms.ts'
import { constraintsOf, fieldsOf, type Hearing, never, schemaOf, told } from './hearing.ts'

/** What the referee itself lacks, and is given; see lacks.py and keys.py. */
export const ofReferee: Hearing[] = [
  {
    id: 'label-with-blanks',
    whose: 'referee',
    sentence:
      'This property SHOULD correspond to the name of a column in the data file if it has a name.',
    section: 'Table Schema: name (Fields)',
    // It trims the labels of the header, and not the names of the fields: ` cid` never fits.
    when: (resource) => fieldsOf(resource).some(({ name }) => isWithBlanks(name)),
    explains: never,
  },
  {
    id: 'integer-group-char',
    whose: 'referee',
    sentence:
      'groupChar: A string whose value is used to group digits within the integer. … A common ' +
      'value is "," e.g. "100,000".',
    section: 'Table Schema: integer',
    // It has the property for numbers only: it takes the character out as it does of those.
    when: (resource) =>
      fieldsOf(resource).some(({ type, groupChar }) => type === 'integer' && groupChar),
    explains: never,
  },
  {
    id: 'format-any',
    whose: 'referee',
    sentence:
      'any: Any parsable representation of the value. The implementing library can attempt to ' +
      'parse the datetime via a range of strategies.',
    section: 'Table Schema: datetime, date, time',
    // It guesses (dateutil): `10` is the tenth of this month, and `3/4/2020` is in March. It is
    // held to texts that have one reading, whatever today is and whichever of day and month is
    // first; what dateutil reads besides has letters or a form that no calendar has.
    when: (resource) =>
      fieldsOf(resource).some(({ type, format }) => isOfTime(type) && format === 'any'),
    explains: (one) =>
      isType(one) &&
      isOfTime(one.type) &&
      formatOf(one.descriptor) === 'any' &&
      (one.side === 'sluice' ? !plainly.test(textOf(one)) : endOfDay.test(textOf(one))),
  },
  {
    id: 'primary-key',
    whose: 'referee',
    sentence:
      'Per SQL standards, the fields cannot be `null`, so their use in the primary key is ' +
      'equivalent to adding `required: true` to their constraints.',
    section: 'Table Schema: primaryKey',
    // It asks only that not all parts are null, and a part that is no value counts as null, so
    // that (error, 5) stands twice: its values are compared by keys.py.
    when: (resource) => 'primaryKey' in schemaOf(resource),
    explains: never,
  },
  {
    id: 'unique-keys',
    whose: 'referee',
    sentence:
      'A unique key is a field or a set of fields that are required to have unique logical ' +
      'values in each row in the table.',
    section: 'Table Schema: uniqueKeys',
    // It does not know the property: its values are compared by keys.py.
    when: (resource) => 'uniqueKeys' in schemaOf(resource),
    explains: never,
  },
  {
    id: 'foreign-key-part-null',
    whose: 'referee',
    sentence: 'They are directly modelled on the concept of foreign keys in SQL.',
    section: 'Table Schema: foreignKeys',
    // In SQL a key of which a part is null points to nothing; it looks for the other parts.
    when: (resource) => 'foreignKeys' in schemaOf(resource),
    explains: never,
  },
  {
    id: 'unhashable',
    whose: 'referee',
    sentence: 'If `true`, then all values for that field MUST be unique within the data file',
    section: 'Table Schema: unique, primaryKey, foreignKeys (Fields: all)',
    // It puts values into a set of Python, which has no lists and objects, and breaks off.
    when: (resource) => {
      const hasSets = fieldsOf(resource).some(({ type }) => sets.includes(type as string))
      const has = (name: string) => name in schemaOf(resource)
      const isUnique = fieldsOf(resource).some((field) => constraintsOf(field).unique)
      return hasSets && (['primaryKey', 'uniqueKeys', 'foreignKeys'].some(has) || isUnique)
    },
    explains: never,
  },
  {
    id: 'bound-without-an-offset',
    whose: 'referee',
    sentence:
      'Constraints MUST be applied on the logical representation of field values and constraint ' +
      'values.',
    section: 'Table Schema: Field Constraints',
    // It breaks off where one of value and bound has an offset and the other none.
    when: (_, heard) => told(heard, /fault/, /offset-naive and offset-aware/),
    explains: ({ side, rule, note, literal }) => {
      const [, bound] = /^(?:exclusiveM|m)(?:in|ax)imum is (.*)$/.exec(note) ?? []
      const isOne = side === 'sluice' && rule === 'constraint-error' && bound !== undefined
      return isOne && hasOffset(bound) !== hasOffset(literal ?? '')
    },
  },
]

const isWithBlanks = (name: unknown) => typeof name === 'string' && name !== name.trim()
const plainly = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?$|^\d\d:\d\d:\d\d$/
/** XML Schema has it, dateutil not. */
const endOfDay = /(^|\dT)24:00:00(\.0+)?(Z|[+-]\d\d:\d\d)?$/

const sets = ['list', 'array', 'object', 'geojson']
const isOfTime = (type: unknown) => ['date', 'time', 'datetime'].includes(type as string)
const hasOffset = (text: string) => /\d(Z|[+-]\d\d:\d\d)$/.test(text)
