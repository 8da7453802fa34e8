import { afterEach, describe, expect, test } from 'vitest'
import { resource, TestLake } from '../../functions/stages.fixture.ts'
import { contractNamed, governStream, hasStreams, isStreamed } from '../stream/stream-catalog.ts'
import { parseContract } from './contract.ts'
import type { StreamSettings } from './stream-settings.ts'

const fields = [
  { name: 'id', type: 'integer' },
  { name: 'at', type: 'datetime' },
  { name: 'on', type: 'date' },
  { name: 'total', type: 'number', sluice: { decimal: [12, 2] } },
  { name: 'huge', type: 'number', sluice: { decimal: [29, 2] } },
  { name: 'name', type: 'string' },
  { name: 'ok', type: 'boolean' },
  { name: 'what', type: 'object' },
  { name: 'list', type: 'array' },
  { name: 'clock', type: 'time' },
]
const file = 'streaming/till/datapackage.yaml'

function settings(sluice: object, of = file): StreamSettings | undefined {
  const resource = { name: 't', path: 't.csv', schema: { fields }, sluice }
  return parseContract({ resources: [resource] } as never, 0, of).stream
}

const count = { n: 'count()' }
const stream = { eventTime: 'at' }
const windowed = (window: object, more: object = {}) => ({
  stream: { ...stream, ...more },
  windows: [{ name: 'w', every: '5 minutes', groupBy: [], measures: count, ...window }],
})

/** What is said, where in the descriptor, what was found, and a part of what is allowed. */
const complaints: [string, object, string, string, string | RegExp][] = [
  ['a field that is none', { stream: { eventTime: 'x' } }, 'stream.eventTime', '"x"', 'at, on'],
  [
    'a time that is text',
    { stream: { eventTime: 'name' } },
    'stream.eventTime',
    '"name"',
    'at, on',
  ],
  ['a clock', { stream: { eventTime: 'clock' } }, 'stream.eventTime', '"clock"', 'datetime, date'],
  ['a time of a number', { stream: { eventTime: 5 } }, 'stream.eventTime', '5', 'string'],
  ['a stream of nothing', { stream: true }, 'stream', 'true', 'object'],
  [
    'a setting that is none',
    { stream: { watermrk: '1 day' } },
    'stream',
    'watermrk',
    'no property named watermrk',
  ],
  ['a watermark alone', { stream: { watermark: '5' } }, 'stream.watermark', '"5"', '5 minutes'],
  ['a key that is none', { stream: { partitionKey: 'x' } }, 'stream.partitionKey', '"x"', 'id, at'],
  ['an object as key', { stream: { partitionKey: 'what' } }, 'stream.partitionKey', '"what"', 'id'],
  ['no event time', { stream: {}, windows: windowed({}).windows }, 'eventTime', 'null', 'datetime'],
  ['no windows', { stream, windows: [] }, 'windows', '[]', '>=1'],
  ['a name of blanks', windowed({ name: 'a b' }), 'windows[0].name', '"a b"', 'small letters'],
  ['a way out as name', windowed({ name: '../x' }), 'windows[0].name', '"../x"', 'small letters'],
  ['a name too long', windowed({ name: 'a'.repeat(42) }), 'windows[0].name', '"aaa', 'at most 41'],
  ['no name', windowed({ name: '' }), 'windows[0].name', '""', /./],
  ['no length', windowed({ every: undefined }), 'windows[0].every', 'nothing', 'string'],
  ['a length of zero', windowed({ every: '0 minutes' }), 'windows[0].every', '"0 m', '5 minutes'],
  ['a length below zero', windowed({ every: '-1 day' }), 'windows[0].every', '"-1 d', '5 minutes'],
  ['half a minute', windowed({ every: '0.5 minutes' }), 'windows[0].every', '"0.5', '5 minutes'],
  ['months', windowed({ every: '1 month' }), 'windows[0].every', '"1 month"', '5 minutes'],
  ['two blanks', windowed({ every: '5  minutes' }), 'windows[0].every', '"5  minu', '5 minutes'],
  ['a length in ages', windowed({ every: '999999 days' }), 'windows[0].every', '"999999', 'days'],
  ['a watermark of ages', windowed({}, { watermark: '200000 days' }), 'watermark', '"200', 'days'],
  ['a group that is none', windowed({ groupBy: ['x'] }), 'windows[0].groupBy', '"x"', 'id, at'],
  ['a group of objects', windowed({ groupBy: ['what'] }), 'windows[0].groupBy', '"what"', 'id, at'],
  ['a group twice', windowed({ groupBy: ['id', 'id'] }), 'windows[0]', '"id"', 'different names'],
  [
    'a group as measure',
    windowed({ groupBy: ['id'], measures: { ID: 'count()' } }),
    '[0]',
    '"ID"',
    /./,
  ],
  ['a measure as ours', windowed({ measures: { late: 'count()' } }), '[0]', '"late"', 'none of'],
  [
    'an average beside its sum',
    windowed({ measures: { a: 'avg(id)', a_sum: 'count()' } }),
    'windows[0]',
    '"a_sum"',
    'different',
  ],
  ['no measures', windowed({ measures: {} }), 'windows[0].measures', '{}', /./],
  ['median', windowed({ measures: { m: 'median(id)' } }), 'measures.m', '"median(id)"', 'count()'],
  [
    'count of a field',
    windowed({ measures: { m: 'count(id)' } }),
    'measures.m',
    '"count',
    'count()',
  ],
  ['sum of nothing', windowed({ measures: { m: 'sum()' } }), 'measures.m', '"sum()"', 'sum(field)'],
  [
    'sum of a text',
    windowed({ measures: { m: 'sum(name)' } }),
    'measures.m',
    '"name"',
    'id, total',
  ],
  ['avg of a date', windowed({ measures: { m: 'avg(on)' } }), 'measures.m', '"on"', 'id, total'],
  ['min of a boolean', windowed({ measures: { m: 'min(ok)' } }), 'measures.m', '"ok"', 'id, at'],
  [
    'a sum too wide',
    windowed({ measures: { m: 'sum(huge)' } }),
    'measures.m',
    '"sum(h',
    '28 digits',
  ],
  [
    'SQL',
    windowed({ measures: { m: "sum(id) FROM x; --')" } }),
    'measures.m',
    '"id) FROM',
    'id, total',
  ],
  [
    'two of a name',
    { stream, windows: [0, 1].map(() => windowed({}).windows[0]) },
    'windows',
    '["w',
    /./,
  ],
]

describe('refused is', () => {
  test.each(complaints)('%s', (_, sluice, path, found, allowed) => {
    const told = () => settings(sluice)
    expect(told).toThrow(expect.objectContaining({ name: 'Refused' }))
    for (const part of [file, 'resources[0].sluice', path, found, allowed])
      expect(told).toThrow(part)
    expect(told).toThrow(/found .*allowed: /s)
  })

  test('windows without a stream', () => {
    const told = () => settings({ windows: windowed({}).windows }, 'bronze/till/datapackage.yaml')
    expect(told).toThrow(/bronze\/till\/datapackage.yaml: .*windows: found .*`stream:`/)
  })
})

test('a dataset below streaming/ needs no stream:, one of Bronze does', () => {
  const none = { eventTime: undefined, watermark: 0, partitionKey: undefined, windows: [] }
  expect(settings({})).toEqual(none)
  expect(settings({}, 'bronze/till/datapackage.yaml')).toBe(undefined)
  expect(settings({ stream: {} }, 'bronze/till/datapackage.yaml')).toEqual(none)
})

test.each([
  ['1 second', 1e6],
  ['90 seconds', 90e6],
  ['1 minute', 60e6],
  ['5 minutes', 300e6],
  ['24 hours', 86_400e6],
  ['36500 days', 36_500 * 86_400e6],
])('%s are %d microseconds', (text, every) => {
  expect(settings(windowed({ every: text }))?.windows[0]?.every).toBe(every)
  expect(settings(windowed({}, { watermark: text }))?.watermark).toBe(every)
})

test('all forms of measures are taken, and a watermark of nothing', () => {
  const measures = { n: 'count()', s: 'sum(total)', a: 'avg(id)', lo: 'min(at)', hi: 'max(name)' }
  const said = windowed({ groupBy: ['ok', 'clock'], measures }, { watermark: '0 seconds' })
  expect(settings(said)).toEqual({
    ...{ eventTime: 'at', watermark: 0, partitionKey: undefined },
    windows: [
      {
        ...{ name: 'w', every: 300e6, groupBy: ['ok', 'clock'] },
        measures: [
          { name: 'n', kind: 'count', field: '' },
          { name: 's', kind: 'sum', field: 'total' },
          { name: 'a', kind: 'avg', field: 'id' },
          { name: 'lo', kind: 'min', field: 'at' },
          { name: 'hi', kind: 'max', field: 'name' },
        ],
      },
    ],
  })
})

describe('in a lake', () => {
  let lake: TestLake
  afterEach(() => lake.close())
  const put = (folder: string, ...resources: object[]) =>
    lake.put(`${folder}/datapackage.json`, JSON.stringify({ name: 'p', resources }))
  const t = resource('t', ['id:integer'])
  const streamed = resource('t', ['id:integer'], {}, { stream: {} })

  test('a dataset streamed from bronze/ and from streaming/ is refused in both', async () => {
    lake = new TestLake()
    const { store } = lake.lake
    put('bronze/p', streamed)
    put('streaming/p', t)
    for (const key of ['bronze/p/t/1.csv', 'streaming/p/t/1.csv']) {
      const found = await governStream(store, key)
      expect(found).toMatchObject({ dataset: 'p.t', contract: undefined })
      expect(found.broken).toContain('streaming/p/datapackage.json')
      expect(found.broken).toContain('bronze/p/datapackage.json')
    }
    // Nor may it be chosen by its name.
    expect(await contractNamed(store, 'p.t')).toContain('bronze/p/datapackage.json')
    put('bronze/p', t)
    expect((await governStream(store, 'streaming/p/t/1.csv')).contract?.dataset).toBe('p.t')
    expect(await contractNamed(store, 'p.t')).toMatchObject({ dataset: 'p.t' })
  })

  test('what is streamed, and what is not', async () => {
    lake = new TestLake()
    const { store } = lake.lake
    expect(await hasStreams(store)).toBe(false)
    put('bronze/q', t)
    expect(await hasStreams(store)).toBe(false)
    expect(await contractNamed(store, 'q.t')).toContain('say `stream: {}`')
    put('bronze/p', streamed)
    expect(await hasStreams(store)).toBe(true)
    expect(await isStreamed(store, 'bronze/p/t/1.csv')).toBe(true)
    expect(await isStreamed(store, 'bronze/q/t/1.csv')).toBe(false)
    expect(await isStreamed(store, 'streaming/x/1.csv')).toBe(true)
    lake.put('streaming/r/datapackage.json', '{')
    expect(await contractNamed(store, 'r.t')).toContain('streaming/r/datapackage.json')
    expect(await contractNamed(store, 'r.t')).not.toContain('no resource')
  })
})
