import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { encodeRedriven } from '../../core/stream/chunk.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { resource } from '../stages.fixture.ts'
import { failureOf, Mapping } from './given-up.fixture.ts'
import { chunkOf, eventsOf, rejectsOf, StreamLake } from './stream.fixture.ts'

/** Records of every form are redriven as what they were, and told as what they were. */

const receipts = resource('receipts', ['id:integer', 'name'])
const zero = 'shardId-000000000000'
const one = 'shardId-000000000001'
let lake: StreamLake<MemoryStream>
let mapping: Mapping
let opened: StreamLake<MemoryStream>[] = []

function begin(shards = 1): void {
  lake = new StreamLake(new MemoryStream('till', shards))
  lake.streamed('till', receipts)
  opened.push(lake)
  mapping = new Mapping(lake)
}
beforeEach(() => begin())
afterEach(() => {
  for (const each of opened) each.close()
  opened = []
})

const row = (id: number | string) => JSON.stringify({ _dataset: 'till.receipts', id })
const ids = async () => (await eventsOf(lake.folder, 'till.receipts')).map(({ id }) => id)

/** Of every form; those that are bad are kept where they are bad. */
async function mixed(): Promise<(string | Buffer)[]> {
  return [
    row(0),
    `${row(1)}\n${row(2)}\n\n${row('x')}\n`,
    gzipSync(`${row(3)}\n{"_dataset":`),
    await chunkOf({ text: Buffer.from('4,a\n') }),
    gzipSync(row(5)).subarray(0, -4),
    (await chunkOf()).subarray(0, -1),
    '{"id":6}',
    '',
    row('y'),
    await chunkOf({ chunk: 1, text: Buffer.from('z,a\n') }),
    await chunkOf({ object: 'streaming/x/1.csv', version: 'w' }),
  ]
}

test.each([0, 1, 4, 8, 11])('what was redriven is what would have come, %i were', async (done) => {
  const given = (await mixed()) as string[]
  const found = async () => {
    const rejects = ['till.receipts', '_unknown'].map((name) => rejectsOf(lake.folder, name))
    return [await eventsOf(lake.folder, 'till.receipts'), await Promise.all(rejects)]
  }
  await lake.give(...given)
  await mapping.finish()
  const wanted = await found()
  begin()
  await lake.give(...given, row(7))
  await mapping.giveUp(zero, given.length, done)
  await mapping.deliver(zero, 1)
  await mapping.redrive()
  await mapping.redrive()
  await mapping.finish()
  const [events, rejects] = await found()
  expect(events!.filter((each) => !('id' in each) || each.id !== '7')).toEqual(wanted[0])
  const bySequence = (all: unknown) => JSON.stringify(all, leftOut)
  expect(bySequence(rejects)).toBe(bySequence(wanted[1]))
  expect(await lake.wrongCounts()).toEqual([])
})

/** Chunks of ours say where they stand in their object, and have a new number in the stream. */
function leftOut(_: string, value: unknown): unknown {
  const isOfObject = value && (value as { object?: string }).object
  return isOfObject ? { ...(value as object), sequence: '' } : value
}

test('what might come in from its own shard yet is kept, with its bytes', async () => {
  begin(2)
  await lake.give(row(0))
  const used = mapping.left(zero) > 0 ? zero : one
  const { created } = await lake.stream.describe()
  const origin = { stream: 'till', created, shard: used === zero ? one : zero }
  const data = Buffer.from(row(1))
  const again = { kind: 'redriven' as const, origin, sequence: '5', after: '', data }
  await lake.give((await encodeRedriven(again)) as unknown as string)
  await mapping.finish()
  expect(await ids()).toEqual(['0'])
  const [kept] = await rejectsOf(lake.folder, '_unknown')
  expect(kept).toMatchObject({ raw: data, shard: origin.shard, sequence: '5' })
  expect(kept!.errors).toMatchObject([{ rule: 'too-early' }])
})

test('what holds what was put again is kept under the number of the outer one', async () => {
  const { created } = await lake.stream.describe()
  const head = { kind: 'redriven' as const, origin: { stream: 'till', created, shard: zero } }
  const outer = { ...head, sequence: '5', after: '' }
  const inner = await encodeRedriven({
    ...head,
    sequence: '4',
    after: '',
    data: Buffer.from(row(1)),
  })
  await lake.give((await encodeRedriven({ ...outer, data: inner })) as unknown as string)
  await mapping.finish()
  const [kept] = await rejectsOf(lake.folder, '_unknown')
  expect(kept).toMatchObject({ raw: inner, sequence: '5', errors: [{ rule: 'source-error' }] })
  expect(await ids()).toEqual([])
})

describe('an object stays, and the reason is told', () => {
  const arn = (name: string) => `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`
  const record = (over = {}) => {
    const data = Buffer.from(row(0))
    return { sequenceNumber: '5', partitionKey: 'given', data, arrived: new Date(), ...over }
  }
  const two = [record(), record({ sequenceNumber: '6' })]
  const [long, longKey, early] = ['1'.repeat(65), 'x'.repeat(257), new Date(-1)]
  const fewer = (text: string) => text.replace('"batchSize":2', '"batchSize":3')
  const more = (text: string) => text.replace('"batchSize":2', '"batchSize":1')
  const timeless = (text: string) => {
    return text.replace(/("approximateArrivalTimestamp":)[\d.]+/, '$1 1e20')
  }
  const large = record({ data: randomBytes(1_048_400) })
  test.each<[string, string, RegExp]>([
    ['no JSON', '{', /^no batch: the object/],
    ['no batch', '{}', /^no batch: KinesisBatchInfo/],
    ['no record', failureOf(arn('till'), zero, [], true), /^no batch: payload/],
    ['another stream', failureOf(arn('x'), zero, [record()], true), /stream\/x/],
    ['fewer than were given up', fewer(failureOf(arn('till'), zero, two, true)), /batchSize/],
    ['more than were given up', more(failureOf(arn('till'), zero, two, false)), /batchSize/],
    ['no number', failureOf(arn('till'), zero, [record({ sequenceNumber: '' })], true), /sequence/],
    [
      'a zero before',
      failureOf(arn('till'), zero, [record({ sequenceNumber: '05' })], true),
      /sequ/,
    ],
    [
      '65 digits',
      failureOf(arn('till'), zero, [record({ sequenceNumber: long })], true),
      /sequence/,
    ],
    ['no key', failureOf(arn('till'), zero, [record({ partitionKey: '' })], true), /partitionKey/],
    [
      'a long key',
      failureOf(arn('till'), zero, [record({ partitionKey: longKey })], true),
      /partit/,
    ],
    ['before 1970', failureOf(arn('till'), zero, [record({ arrived: early })], true), /arrival/i],
    ['no time', timeless(failureOf(arn('till'), zero, [record()], false)), /arrival/i],
    ['too large', failureOf(arn('till'), zero, [record(), large], true), /^1 of its records/],
  ])('%s', async (_, text, reason) => {
    await mapping.failed.put('aws/lambda/x', Buffer.from(text))
    const [told] = await mapping.redrive()
    expect(told).toMatchObject({ status: 'refused', reason: expect.stringMatching(reason) })
    expect(await mapping.failed.head('aws/lambda/x')).toBeDefined()
    // Nor is a dry run told otherwise.
    expect(await mapping.redrive(mapping.failed, true)).toMatchObject([{ status: 'refused' }])
  })
})
