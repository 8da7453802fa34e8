import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { resource } from '../stages.fixture.ts'
import { chunkOf, eventsOf, rejectsOf, StreamLake } from './stream.fixture.ts'

const receipts = resource('receipts', ['id:integer', 'name'])
const shard = 'shardId-000000000000'
let lake: StreamLake<MemoryStream>

beforeEach(() => {
  lake = new StreamLake(new MemoryStream('till', 1))
  lake.streamed('till', receipts)
})
afterEach(() => lake.close())

const named = (row: object) => ({ _dataset: 'till.receipts', ...row })
const events = () => eventsOf(lake.folder, 'till.receipts')
const rejects = (dataset = 'till.receipts') => rejectsOf(lake.folder, dataset)

const many = Array.from({ length: 200_000 }, (_, i) => `"a${i}":0`).join(',')

/** Each lies between two rows that are well; the rule, and where it is kept. */
const bad: [string, Buffer | string, string, string][] = [
  ['nothing', '', 'source-error', '_unknown'],
  ['no JSON', '1,a', 'source-error', '_unknown'],
  ['a list', '[]', 'source-error', '_unknown'],
  ['not UTF-8', Buffer.from('{"a":"\xff"}', 'latin1'), 'encoding-error', '_unknown'],
  ['a gzip that was cut', gzipSync('{"id":1}').subarray(0, -4), 'source-error', '_unknown'],
  ['a gzip bomb', gzipSync(Buffer.alloc(65 << 20, ' ')), 'source-error', '_unknown'],
  ['no dataset', '{"id":1}', 'unknown-dataset', '_unknown'],
  ['a dataset that is a number', '{"_dataset":5}', 'unknown-dataset', '_unknown'],
  ['an empty name', '{"_dataset":""}', 'unknown-dataset', '_unknown'],
  ['a folder alone', '{"_dataset":"till"}', 'unknown-dataset', '_unknown'],
  ['a dot too many', '{"_dataset":"till.receipts.x"}', 'unknown-dataset', '_unknown'],
  ['a resource that is none', '{"_dataset":"till.x"}', 'unknown-dataset', '_unknown'],
  ['a package that is none', '{"_dataset":"x.receipts"}', 'unknown-dataset', '_unknown'],
  ['a way out', '{"_dataset":"../bronze/till.receipts"}', 'unknown-dataset', '_unknown'],
  ['an encoded way out', '{"_dataset":"%2e%2e/till.receipts"}', 'unknown-dataset', '_unknown'],
  ['a NUL in its name', '{"_dataset":"ti\\u0000ll.receipts"}', 'unknown-dataset', '_unknown'],
  ['a long name', `{"_dataset":"${'a'.repeat(300)}.b"}`, 'unknown-dataset', '_unknown'],
  ['an endless name', `{"_dataset":"${'a/'.repeat(9_000)}a.b"}`, 'unknown-dataset', '_unknown'],
  ['half a pair in its name', '{"_dataset":"\\ud83d.b"}', 'unknown-dataset', '_unknown'],
  ['a line end in its name', '{"_dataset":"till\\n.b"}', 'unknown-dataset', '_unknown'],
  ['a wrong type', JSON.stringify(named({ id: 'x' })), 'type-error', 'till.receipts'],
  ['an extra member', JSON.stringify(named({ id: 1, x: 1 })), 'extra-cell', 'till.receipts'],
  ['__proto__', '{"_dataset":"till.receipts","__proto__":5}', 'extra-cell', 'till.receipts'],
  ['no member', JSON.stringify(named({})), 'blank-row', 'till.receipts'],
  ['half a pair as member', '{"_dataset":"till.receipts","\\ud83d":1}', 'extra-cell', '.'],
  ['a NUL as member', '{"_dataset":"till.receipts","\\u0000":1}', 'extra-cell', '.'],
  ['a cut pair', JSON.stringify(named({ x: `${'x'.repeat(999)}😀` })), 'extra-cell', '.'],
  [
    'a cut pair in no JSON',
    `{"id":${'x'.repeat(240)}${'😀'.repeat(200)}`,
    'source-error',
    '_unknown',
  ],
  [
    'a pair cut by one less',
    `{"id":${'x'.repeat(241)}${'😀'.repeat(200)}`,
    'source-error',
    '_unknown',
  ],
  ['a NUL', JSON.stringify(named({ id: 1, name: 'a\0' })), 'encoding-error', 'till.receipts'],
  ['many members', gzipSync(`{"_dataset":"till.receipts",${many}}`), 'extra-cell', 'till.receipts'],
  [
    'a long text',
    gzipSync(JSON.stringify(named({ id: 1, name: 'x'.repeat(3e6) }))),
    'too-long',
    'till.receipts',
  ],
  ['a chunk that was cut', (await chunkOf()).subarray(0, -1), 'source-error', '_unknown'],
  ['a way out, put again', redriven({ shard: '../../x' }), 'source-error', '_unknown'],
  ['no time, put again', redriven({ created: 'now' }), 'source-error', '_unknown'],
  ['nothing, put again', redriven({}).subarray(0, -20), 'source-error', '_unknown'],
  ['another object', await chunkOf({ object: 'streaming/x/1.csv' }), 'unknown-dataset', '_unknown'],
  ['a way out as object', await chunkOf({ object: '../../x.csv' }), 'unknown-dataset', '_unknown'],
  ['an object with a NUL', await chunkOf({ object: 'streaming/till/\0/1.csv' }), '.', '_unknown'],
  ['a name as object', await chunkOf({ object: 'x' }), 'unknown-dataset', '_unknown'],
  [
    'a long object',
    await chunkOf({ object: `streaming/${'a'.repeat(2_000)}/x.csv` }),
    '.',
    '_unknown',
  ],
  ['other fields', await chunkOf({ fields: ['id', 'nom'] }), 'incorrect-label', '.'],
  ['fewer fields', await chunkOf({ fields: ['id'] }), 'incorrect-label', '.'],
  ['a field twice', await chunkOf({ fields: ['id', 'id'] }), 'incorrect-label', '.'],
  ['a row more than it says', await chunkOf({ text: Buffer.from('1,a\nx,b\n') }), '.', '.'],
  [
    'a row less than it says',
    await chunkOf({ text: Buffer.from('"1\n",a\n'), records: two() }),
    '.',
    '.',
  ],
  ['an open quote', await chunkOf({ text: Buffer.from('1,"a\n') }), '.', '.'],
]

function redriven(over: object): Buffer {
  const origin = { stream: 'till', created: '2026-01-01T00:00:00.000Z', shard, ...over }
  const head = { kind: 'redriven', origin, sequence: '5', after: '' }
  const row = gzipSync(JSON.stringify(named({ id: 5 })))
  return Buffer.concat([Buffer.from(`SLUICE/1 ${JSON.stringify(head)}\n`), row])
}

function two() {
  return [1, 2].map((record) => ({ record, line: record }))
}

describe('a bad record is kept, and the shard goes on', () => {
  test.each(bad)('%s', async (name, data, rule, dataset) => {
    await lake.give(named({ id: 1 }), data, await chunkOf({ version: 'good', chunk: 7 }))
    await lake.drain()
    const good = await events()
    expect(good.filter(({ id, name }) => id === '1' && name === null)).toHaveLength(1)
    expect(good.filter(({ id, name }) => id === '1' && name === 'a')).toHaveLength(1)
    const unknown = (await rejects('_unknown')).map((one) => ({ ...one, dataset: '_unknown' }))
    const known = (await rejects()).map((one) => ({ ...one, dataset: 'till.receipts' }))
    const found = [...unknown, ...known]
    expect(found.length).toBeGreaterThan(0)
    const [kept] = found
    if (rule !== '.')
      expect(found.flatMap(({ errors }) => errors.map((e) => e.rule))).toContain(rule)
    if (dataset !== '.') expect(kept!.dataset).toBe(dataset)
    const { stream, shard: of, sequence } = kept!
    expect({ stream, of, sequence }).toEqual({
      stream: 'till',
      of: shard,
      sequence: await second(),
    })
    const raw = Buffer.from(data as string)
    if (name === 'a long text' || name === 'many members')
      expect(kept!.raw.length).toBeGreaterThan(1e6)
    else if (rule !== '.' || dataset === '_unknown') expect(kept!.raw).toEqual(raw)
    expect(await lake.wrongCounts()).toEqual([])
  })
})

async function second(): Promise<string> {
  const page = await lake.stream.get(await lake.stream.iterator(shard, 'TRIM_HORIZON'), 9)
  return page.records[1]!.sequenceNumber
}

test('brackets of any depth are kept or taken', async () => {
  const depths = Array.from({ length: 30 }, (_, i) => 250 + 250 * i)
  for (const [open, close] of ['[]', '{}'].map((pair) => pair.split(''))) {
    const inner = open === '{' ? '{"a":' : '['
    const texts = depths.map((depth) => `${inner.repeat(depth)}1${close!.repeat(depth)}`)
    await lake.give(...texts.map((text) => `{"_dataset":"till.receipts","id":1,"x":${text}}`))
  }
  await lake.drain({ size: 1 })
  expect((await rejects()).length + (await rejects('_unknown')).length).toBe(60)
  expect(await lake.wrongCounts()).toEqual([])
})
