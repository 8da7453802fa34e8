import { expect, test } from 'vitest'
import { hintsOf } from './event.ts'

const record = (key: string, bucket = 'lake') => ({
  eventSource: 'aws:s3',
  s3: { bucket: { name: bucket }, object: { key } },
})

test('a notification of S3 is a hint for each of its records, its keys decoded', () => {
  const event = { Records: [record('bronze/a+b%2Fc.csv'), record('bronze/%C3%BC.csv', 'other')] }
  expect(hintsOf(event)).toEqual([
    { bucket: 'lake', key: 'bronze/a b/c.csv' },
    { bucket: 'other', key: 'bronze/ü.csv' },
  ])
})

test('an event of EventBridge is one hint, its key in both readings', () => {
  const detail = { bucket: { name: 'lake' }, object: { key: 'bronze/a+b%2Fc.csv' } }
  expect(hintsOf({ source: 'aws.s3', 'detail-type': 'Object Created', detail })).toEqual([
    { bucket: 'lake', key: 'bronze/a+b%2Fc.csv', decoded: 'bronze/a b/c.csv' },
  ])
})

test("S3's test event is no hint", () => {
  expect(hintsOf({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'lake' })).toEqual([])
})

test.each([
  ['nothing', undefined],
  ['null', null],
  ['a text', 'bronze/a.csv'],
  ['an empty object', {}],
  ['a record of another source', { Records: [{ ...record('a'), eventSource: 'aws:dynamodb' }] }],
  ['a record without a key', { Records: [{ eventSource: 'aws:s3', s3: { bucket: {} } }] }],
  ['an event of another source', { source: 'aws.ec2', detail: {} }],
])('%s is not taken for an event', (_, event) => {
  expect(() => hintsOf(event)).toThrow('not an S3 notification')
})

test.each([
  ['plain.csv', 'plain.csv'],
  ['a+b', 'a b'],
  ['a%2Bb', 'a+b'],
  ['100%', '100%'],
  ['%E0%A4%A', '%E0%A4%A'],
])('the key %s of a notification decodes to %s', (key, decoded) => {
  expect(hintsOf({ Records: [record(key)] })).toEqual([{ bucket: 'lake', key: decoded }])
})
