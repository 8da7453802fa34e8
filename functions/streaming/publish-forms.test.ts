import { execFileSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { resource } from '../stages.fixture.ts'
import { eventsOf, rejectsOf, StreamLake } from './stream.fixture.ts'

/** Whatever an object is made of, its records reach the lake, or quarantine, as they stand. */

const receipts = resource('receipts', ['id:integer', 'name'])
const key = 'streaming/till/receipts/1.csv'
let lake: StreamLake<MemoryStream>

beforeEach(() => {
  lake = new StreamLake(new MemoryStream('till', 1))
  lake.streamed('till', receipts)
})
afterEach(() => lake.close())

const events = () => eventsOf(lake.folder, 'till.receipts')
const rejects = () => rejectsOf(lake.folder, 'till.receipts')

test.each<[string, string, object, (text: string) => Buffer]>([
  ['plain', 'ndjson', {}, (text) => Buffer.from(text)],
  [
    'with a mark and CRLF',
    'jsonl',
    {},
    (text) => Buffer.from(`\ufeff${text.replaceAll('\n', '\r\n')}`),
  ],
  ['gzip', 'ndjson.gz', {}, (text) => gzipSync(text)],
  ['latin-1', 'ndjson', { encoding: 'latin-1' }, (text) => Buffer.from(text, 'latin1')],
  ['UTF-16', 'ndjson', { encoding: 'utf-16le' }, (text) => Buffer.from(text, 'utf16le')],
])('NDJSON, %s: rows, and rejects with line and bytes', async (_, ending, more, encode) => {
  lake.streamed('till', { ...receipts, ...more })
  const of = `streaming/till/receipts/1.${ending}`
  const bad = ['{"id":"é"}', '{"id":1.5,"x":2}', 'é']
  lake.put(
    of,
    encode(`{"id":1,"name":"é"}\n${bad[0]}\n\n \n${bad[1]}\n{"name":"a","id":2}\n${bad[2]}`),
  )
  expect(await lake.publish(of)).toMatchObject({ status: 'published', records: 5 })
  await lake.drain()
  expect(await events()).toEqual([
    { id: '1', name: 'é' },
    { id: '2', name: 'a' },
  ])
  const kept = (await rejects()).toSorted((a, b) => a.line - b.line)
  expect(kept.map(({ record, line }) => [record, line])).toEqual([
    [2, 2],
    [3, 5],
    [5, 7],
  ])
  expect(kept.map(({ text }) => text)).toEqual(bad)
  const bytes = bad.map((text) =>
    more === undefined || ending.endsWith('gz') ? Buffer.from(text) : encode(text),
  )
  const mark = Buffer.from('\ufeff')
  expect(kept.map(({ raw }) => raw)).toEqual(
    bytes.map((one) => (one.indexOf(mark) === 0 ? one.subarray(3) : one)),
  )
})

test('a record that Kinesis does not take is a reject with its place', async () => {
  // What does not pack: random digits of base64 still shrink by a quarter.
  const noise = Buffer.from(Array.from({ length: 1_400_000 }, () => Math.random() * 256)).toString(
    'base64',
  )
  const packs = 'x'.repeat(1_900_000)
  lake.put(key, `id,name\n1,a\n2,${noise}\n3,c\n4,${packs}\n5,${packs}${packs}\n6,f\n`)
  expect(await lake.publish(key)).toMatchObject({ status: 'published', records: 6 })
  await lake.drain()
  const lengths = (await events()).map(({ id, name }) => [id, name!.length])
  expect(lengths).toEqual([
    ['1', 1],
    ['3', 1],
    ['4', 1_900_000],
    ['6', 1],
  ])
  const kept = (await rejects()).toSorted((a, b) => a.record! - b.record!)
  expect(kept).toMatchObject([
    { record: 2, line: 3, errors: [{ rule: 'too-long' }] },
    { record: 5, line: 6, errors: [{ rule: 'too-long' }] },
  ])
  expect(kept[0]!.raw.toString()).toBe(`2,${noise}`.slice(0, kept[0]!.raw.length))
})

test.each([
  'a b',
  'a+b',
  'ü',
  '50%',
  "it's",
  'a"b',
  '#1?x=y&z',
  '{a,b}[c]*',
  'x=y',
  'a\nb',
  '😀',
  `${'x'.repeat(240)}`,
])('the key %j is like any other', async (name) => {
  const of = `streaming/till/receipts/${name}.csv`
  lake.put(of, 'id,name\n1,a\n"x"y,b\nz,c\n')
  expect(await lake.publish(of)).toMatchObject({ status: 'published', records: 3, object: of })
  const { ends } = await lake.drain()
  expect(ends).toMatchObject([{ object: of, status: 'loaded', rejected: 2 }])
  expect((await rejects()).map(({ object }) => object)).toEqual([of, of])
})

test('an object of a broken byte a line is published, too', async () => {
  lake.put(key, Buffer.from(`id,name\n${'\xff\n'.repeat(250_000)}`, 'latin1'))
  expect(await lake.publish(key)).toMatchObject({ status: 'published', records: 250_000 })
  const { batches } = await lake.drain()
  expect(batches.reduce((sum, { rejected }) => sum + rejected, 0)).toBe(250_000)
  expect((await rejects())[0]).toMatchObject({ record: 1, line: 2, raw: Buffer.from([0xff]) })
})

test('tiny rows that are scattered over buckets stay within what Kinesis takes', async () => {
  lake.streamed('till', resource('receipts', ['id'], {}, { stream: { partitionKey: 'id' } }))
  const rows = Array.from({ length: 700_000 }, (_, i) => ((i * 7_919 + (i >> 3)) % 32).toString(32))
  lake.put(key, `id\n${rows.join('\n')}\n`)
  expect(await lake.publish(key)).toMatchObject({ status: 'published', records: 700_000 })
})

/** Publishes so many MiB in a process of its own; what it had in memory at most, in MiB. */
function peakOf(mebibytes: number, stream: object): number {
  const code = `
    const { TestLake, resource } = await import('./functions/stages.fixture.ts')
    const { publish } = await import('./functions/streaming/publish.ts')
    const { appendFileSync, readFileSync } = await import('node:fs')
    const lake = new TestLake()
    const sluice = { stream: ${JSON.stringify(stream)} }
    const resources = [resource('r', ['id:integer', 'name'], {}, sluice)]
    lake.put('streaming/t/datapackage.json', JSON.stringify({ name: 't', resources }))
    lake.put('streaming/t/r/1.csv', 'id,name\\n')
    const row = (i) => i % 97 === 0 ? '"x"y\\n' : i + ',' + String(i * 7919).repeat(8) + '\\n'
    const some = Array.from({ length: 16_000 }, (_, i) => row(i)).join('').slice(0, 1 << 20)
    const path = lake.folder + '/streaming/t/r/1.csv'
    const whole = some.slice(0, some.lastIndexOf('\\n') + 1)
    for (let n = 0; n < ${mebibytes}; n++) appendFileSync(path, whole)
    let bytes = 0
    const stream = {
      name: 's',
      describe: async () => ({ name: 's', created: '2026-01-01T00:00:00.000Z' }),
      put: async (records) => { for (const { data } of records) bytes += data.length },
    }
    const { status, reason } = await publish(lake.lake, stream, 'streaming/t/r/1.csv')
    lake.close()
    // maxRSS would count the peak of the process that started this one, too.
    const [, peak] = /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))
    console.log(JSON.stringify({ status, reason, bytes, peak: peak / 1024 }))`
  const args = ['--input-type=module', '--eval', code]
  const told = execFileSync(process.execPath, args, { encoding: 'utf8', cwd: process.cwd() })
  const { status, reason, bytes, peak } = JSON.parse(told)
  expect({ status, reason }).toEqual({ status: 'published' })
  expect(bytes).toBeGreaterThan(mebibytes * 1000)
  return peak
}

test.each([{}, { partitionKey: 'id' }])('memory does not grow with the object: %j', (stream) => {
  const [small, large] = [peakOf(48, stream), peakOf(112, stream)]
  expect(large).toBeLessThan(600)
  expect(large - small).toBeLessThan(80)
})
