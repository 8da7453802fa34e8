import { expect, test } from 'vitest'
import { judgeImport } from './check-import.ts'

const there = { user: 'it"s', isOffered: true, mayMake: false, mayCall: true, mayUse: true }
const absent = { ...there, mayCall: null, mayUse: null }
const grants =
  'GRANT USAGE ON SCHEMA aws_s3, aws_commons TO "it""s"; ' +
  'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA aws_s3, aws_commons TO "it""s";'

test.each([
  ['is there, for its user', there, 'ok', undefined],
  [
    'is there, but its schemas are closed to the user',
    { ...there, mayUse: false },
    'wrong',
    grants,
  ],
  ['is there, but its functions are', { ...there, mayCall: false }, 'wrong', grants],
  ['is not there, and its user makes it', { ...absent, mayMake: true }, 'ok', undefined],
  [
    'is not there, and its user may not make it',
    absent,
    'wrong',
    `as the master user: CREATE EXTENSION aws_s3 CASCADE; ${grants}`,
  ],
  [
    'is none of this Postgres, whoever asks',
    { ...absent, isOffered: false, mayMake: true },
    'wrong',
    'take an Aurora PostgreSQL; or name this Postgres by its URL: postgres://…',
  ],
])('aws_s3 %s', (_, found, level, cure) => {
  const judged = judgeImport('lake', found)
  expect([judged.level, judged.cure]).toEqual([level, cure])
})
