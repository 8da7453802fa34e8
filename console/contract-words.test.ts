import { expect, test } from 'vitest'
import { parseContract } from '../core/contract/contract.ts'
import { filesOf, parseOutline } from '../core/contract/descriptor.ts'
import { contractWords } from './contract-words.ts'

/** The words of the last resource of a descriptor. */
function words(resource: object, file = 'bronze/shop/datapackage.yaml', before: object[] = []) {
  const field = { name: 'id', type: 'integer' }
  const whole = { name: 'orders', path: 'orders.csv', schema: { fields: [field] }, ...resource }
  const outline = parseOutline(JSON.stringify({ resources: [...before, whole] }), file)
  const contract = parseContract(outline, before.length, file)
  return contractWords(contract, filesOf(outline.resources[before.length]!))
}

const usual = {
  files: 'It takes orders.csv in bronze/shop/.',
  header: 'The header has all the fields, in their order, and no more.',
  load: 'Rows are appended; a newer version of a file replaces the rows of its earlier one.',
}
const fields = ['a', 'b', 'c'].map((name) => ({ name, type: 'string' }))
const at = { name: 'at', type: 'datetime' }
const customers = { name: 'customers', path: 'c.csv', schema: { fields, primaryKey: 'a' } }

test('of a contract that says little, little is said', () => {
  const { sentences, ...rest } = words({})
  expect(sentences).toEqual(Object.values(usual))
  expect(rest).toEqual({
    file: 'bronze/shop/datapackage.yaml',
    hash: expect.stringMatching(/^[0-9a-f]{16}$/),
    fields: [{ name: 'id', column: 'id', type: 'integer', rules: [], nullable: true }],
  })
})

test.each<[object, ...string[]]>([
  [{ path: ['a.csv', 'b.csv'] }, 'It takes a.csv and b.csv in bronze/shop/.'],
  [
    { sluice: { files: ['orders/*.csv', 'more/**'] } },
    'It takes orders.csv, and every file that fits orders/*.csv or more/** in bronze/shop/.',
  ],
  [
    { path: undefined, sluice: { files: 'it is/*.csv' } },
    'It takes every file that fits "it is/*.csv" in bronze/shop/.',
  ],
  [{ path: undefined }, 'It takes no file: `path`, or `files` of its settings, would name some.'],
  [
    { path: Array.from({ length: 12 }, (_, i) => `${i}.csv`) },
    'It takes 0.csv, 1.csv, 2.csv, 3.csv, 4.csv, 5.csv, 6.csv, 7.csv, 8.csv, 9.csv and 2 more ' +
      'in bronze/shop/.',
  ],
  [{ compression: 'gz' }, 'Its files are packed as gz, whatever their names.'],
  [
    { bytes: 1234, hash: 'sha1:ab12' },
    'orders.csv must have 1,234 bytes.',
    'orders.csv must have the sha1 ab12.',
  ],
  [{ encoding: 'cp1252' }, 'Their text is windows-1252.'],
  [{ dialect: { delimiter: ';' } }, 'Cells are parted by a semicolon.'],
  [{ format: 'tsv' }, 'Cells are parted by a tab.'],
  [{ dialect: { delimiter: '§§' } }, 'Cells are parted by "§§".'],
  [{ dialect: { delimiter: '~~' } }, 'Cells are parted by ~~.'],
  [{ dialect: { quoteChar: '' } }, 'Nothing is quoted.'],
  [{ dialect: { quoteChar: "'" } }, "Cells are quoted by '."],
  [{ dialect: { doubleQuote: false } }, 'A quote ends its cell, always: none is doubled.'],
  [{ dialect: { escapeChar: '\\' } }, '\\ takes the next character as it is.'],
  [{ dialect: { skipInitialSpace: true } }, 'Spaces before a cell are no part of it.'],
  [{ dialect: { commentChar: '#' } }, 'A row that begins with # is a comment.'],
  [{ dialect: { commentRows: [2] } }, 'Row 2 is no record.'],
  [{ dialect: { commentRows: [2, 4] } }, 'Rows 2 and 4 are no records.'],
  [{ dialect: { header: false } }, 'There is no header: cells are the fields, in their order.'],
  [{ dialect: { headerRows: [3] } }, 'The header is row 3.'],
  [
    { dialect: { headerRows: [2, 3], headerJoin: '' } },
    'The header is rows 2 and 3, with nothing between them.',
  ],
  [{ dialect: { headerRows: [2, 3] } }, 'The header is rows 2 and 3, with a space between them.'],
  [{ dialect: { caseSensitiveHeader: false } }, 'Capital and small letters of the header are one.'],
  [
    { schema: { fields, fieldsMatch: 'equal' } },
    'The header has all the fields, in any order, and no more.',
  ],
  [
    { schema: { fields, fieldsMatch: 'subset' } },
    'The header has all the fields, in any order; other columns are passed over.',
  ],
  [
    { schema: { fields, fieldsMatch: 'superset' } },
    'The header may lack fields, which are null then, and has no other columns.',
  ],
  [
    { schema: { fields, fieldsMatch: 'partial' } },
    'The header has one of the fields at least: those that it lacks are null, and other columns ' +
      'are passed over.',
  ],
  [
    { schema: { fields, primaryKey: ['a', 'b'] } },
    'Rows are upserted by a and b: of two files that have the same key, the row of the one ' +
      'modified later stands.',
    'a and b together are the primary key: it is never missing, and stands once in a file.',
  ],
  [
    { sluice: { load: 'replace' } },
    'The dataset is its newest file alone, which replaces all rows before it.',
  ],
  [
    { schema: { fields, uniqueKeys: [['a'], ['b', 'c']] } },
    'a stands once in a file.',
    'b and c together stand once in a file.',
  ],
  [
    {
      schema: {
        fields,
        foreignKeys: [
          { fields: 'b', reference: { resource: 'customers', fields: 'a' } },
          { fields: 'c', reference: { fields: 'a' } },
        ],
      },
      sluice: { references: [{ fields: 'a', table: 'geo.places', columns: 'place id' }] },
    },
    'b must be a of a row of shop.customers: until there is one, the row waits.',
    'c must be a of a row of this dataset itself: until there is one, the row waits.',
    'a must be "place id" of a row of geo.places, a table outside this package: until there is ' +
      'one, the row waits.',
  ],
  [
    {
      schema: { fields: [...fields, at] },
      sluice: { partitionBy: [{ year: 'at' }, { month: 'at' }, 'a'] },
    },
    'Silver lies in folders by the year of at, the month of at and a.',
  ],
  [
    { sluice: { maxRejectRatio: 0.07 } },
    'A file is refused whole if more than 7 % of its records are rejected.',
  ],
  [{ sluice: { maxRejectRatio: 0 } }, 'A file is refused whole if any of its records is rejected.'],
  [{ sluice: { compression: 'snappy' } }, 'Its Parquet is packed by snappy.'],
  [
    { sluice: { stream: { partitionKey: 'id' } } },
    'It flows as a stream, too.',
    'Records of the same id go to the same shard.',
  ],
])('%j', (resource, ...said) => {
  const { sentences } = words(resource, undefined, [customers])
  for (const sentence of said) expect(sentences).toContain(sentence)
  for (const sentence of said) expect(words({}).sentences).not.toContain(sentence)
})

test('a stream alone has windows, and no table', () => {
  const windows = [
    { name: 'sums', every: '5 minutes', groupBy: ['a'], measures: { n: 'count()', m: 'max(at)' } },
    { name: 'days', every: '1 day', measures: { n: 'count()' } },
  ]
  const { sentences } = words(
    {
      schema: { fields: [...fields, at], primaryKey: 'a', uniqueKeys: [['b']] },
      sluice: {
        ...{ stream: { eventTime: 'at', watermark: '90 seconds' }, windows },
        ...{ partitionBy: [{ day: 'at' }], maxRejectRatio: 0.5 },
      },
    },
    'streaming/till/datapackage.yaml',
  )
  expect(sentences).toEqual([
    'It takes orders.csv in streaming/till/.',
    usual.header,
    'a is the primary key: it is never missing.',
    'Its events lie in folders by the day of at.',
    'It flows as a stream alone: nothing of it goes to Postgres or to Silver.',
    'at says when an event happened.',
    'A window stays open until events 90 seconds newer than its end were seen.',
    'Window sums: every 5 minutes, by a: n is count() and m is max(at).',
    'Window days: every day: n is count().',
  ])
})

test('without a watermark, newer events close a window', () => {
  const { sentences } = words({
    schema: { fields: [at] },
    sluice: {
      stream: { eventTime: 'at' },
      windows: [{ name: 'w', every: '1 hour', measures: { n: 'count()' } }],
    },
  })
  expect(sentences).toContain('A window stays open until newer events were seen.')
})
