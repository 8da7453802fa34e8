import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, expect, test, vi } from 'vitest'
import { startSluice } from '../faults/command.ts'
import { SmallFiles } from '../functions/maintenance/small-files.fixture.ts'
import { database, files } from '../functions/raw.fixture.ts'
import { resource } from '../functions/stages.fixture.ts'
import { MemoryStream } from '../local/stream.fixture.ts'
import { commands } from './commands.ts'
import { documentedLines, undocumented } from './documented.fixture.ts'
import { changed } from './replay.fixture.ts'
import { linesOf, sluice } from './run.fixture.ts'

/** What `--json` prints is what docs/cli.md says of it, command by command. */

afterEach(() => vi.unstubAllEnvs())

/** The lines of a command, each of which must be on the page. */
async function lines(...words: string[]): Promise<Record<string, unknown>[]> {
  const { out, err, code } = await sluice(...words, '--json')
  expect([0, 3], `${words.join(' ')}: ${code} ${err} ${out}`).toContain(code)
  const told = linesOf(out)
  expect(told.length, words.join(' ')).toBeGreaterThan(0)
  for (const one of told) expect(undocumented(words[0]!, one), JSON.stringify(one)).toEqual([])
  return told
}

const lake = () => ['--lake', files.folder]
const place = () => [...lake(), '--database', database.url]

function fill(): void {
  const parent = { fields: 'c', reference: { resource: 'customers', fields: 'id' } }
  files.describe(
    'stall',
    resource('orders', ['id:integer', 'c:integer', 'note'], { foreignKeys: [parent] }),
    resource('customers', ['id:integer'], { primaryKey: 'id' }),
  )
  files.put('bronze/stall/customers/1.csv', 'id\n1\n')
  files.put('bronze/stall/orders/1.csv', 'id,c,note\n1,1,a\nx,1,\ny,1,b\n3,9,c\n')
  files.put('bronze/held/a.csv', 'id\n1\n')
}

test('of objects: loaded, rejected, waiting, held and mended', async () => {
  fill()
  const keys = ['bronze/stall/customers/1.csv', 'bronze/stall/orders/1.csv', 'bronze/held/a.csv']
  const [first] = await lines('plan', ...place(), ...keys)
  expect(first).toMatchObject({ would: 'load', table: { exists: false } })
  const ends = await lines('ingest', ...place(), ...keys)
  expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['loaded', 'held']))
  await lines('rejects', ...place())
  await lines('rejects', '--waiting', ...place())
  const { out } = await sluice('rejects', 'stall.orders', '--csv', ...place())
  files.put('fix.csv', changed(changed(out, 'x,1,', '7,1,'), 'y,1,', 'z,1,'))
  const told = await lines('replay', join(files.folder, 'fix.csv'), ...place())
  expect(told.slice(0, 2)).toMatchObject([
    { stage: 'replay', went: 1 },
    { object: 'bronze/stall/orders/1.csv', rule: expect.any(String) },
  ])
  await lines('rejects', '--mended', ...place())
  const accepted = await lines('accept', 'held', ...place())
  expect(accepted[0]).toEqual({ accepted: 'bronze/held/datapackage.yaml', resources: ['a'] })
  files.put('bronze/stall/orders/2.csv', 'id,c,note\n4,1,d\n')
  const status = await lines('status', ...place())
  expect(status.some(({ mended }) => mended === 1)).toBe(true)
  expect(status.some(({ unseen }) => Array.isArray(unseen))).toBe(true)
  await lines('vacuum', '--dry-run', ...lake())
  await lines('doctor', ...place())
  const rows = await sluice(
    'query',
    'SELECT id, note FROM stall.orders WHERE id = 1',
    '--json',
    ...lake(),
  )
  expect(rows.out).toBe('{"id":1,"note":"a"}\n')
  const { out: descriptor } = await sluice('init', join(files.folder, keys[2]!), '--json')
  expect(JSON.parse(descriptor)).toMatchObject({ name: 'held', resources: [{ name: 'a' }] })
})

test('of streams: shards, rejects, partitions, and what is published anew', async () => {
  const small = new SmallFiles(new MemoryStream('s', 1))
  const where = ['--lake', small.folder]
  try {
    await small.publish(3)
    small.put('streaming/till/receipts/x.csv', 'id,store,total,at\nx,S,1.00,2026-01-01T00:00:00\n')
    const { publish } = await import('../functions/streaming/publish.ts')
    await publish(small.lake, small.stream, 'streaming/till/receipts/x.csv')
    await small.drain()
    const status = await lines('status', ...where, '--database', database.url)
    expect(status.filter(({ shard }) => shard)).toHaveLength(1)
    const [reject] = await lines('rejects', ...where, '--database', database.url)
    expect(reject).toMatchObject({ shard: expect.any(String), rule: 'type-error' })
    await lines('compact', '--all', ...where)
    const away = { AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_REGION: 'eu-west-1' }
    for (const [name, value] of Object.entries(away)) vi.stubEnv(name, value)
    small.put('streaming/till/receipts/new.csv', 'id,store,total,at\n')
    const failed = await sluice('publish', '--stream', 's', '--anew', '--json', ...where)
    const [removed, ...ends] = linesOf(failed.out)
    for (const one of [removed, ...ends]) expect(undocumented('publish', one)).toEqual([])
    expect(removed).toEqual({ removed: expect.any(Number) })
    expect([ends.length, failed.code]).toEqual([5, 1])
  } finally {
    small.close()
  }
})

test('of start, line by line', async () => {
  fill()
  const running = startSluice(files.folder, database.url, '--once')
  expect(await running.ended).toBe(3)
  expect(running.lines.length).toBeGreaterThanOrEqual(6)
  for (const one of running.lines) expect(undocumented('start', one)).toEqual([])
})

test('of console: its address', async () => {
  const args = ['console', '--port', '0', '--json', ...place()]
  const child = spawn(process.execPath, [join(import.meta.dirname, 'sluice.ts'), ...args])
  const [line] = await once(createInterface(child.stdout), 'line')
  child.kill('SIGTERM')
  expect(undocumented('console', JSON.parse(line))).toEqual([])
  expect((await once(child, 'close'))[0]).toBe(0)
})

test('an error is no line of JSON: it is text beside it, with its exit code', async () => {
  const { out, err, code } = await sluice('rejects', 'stall.orders', '--json', ...place())
  expect([out, code]).toEqual(['', 2])
  expect(err).toMatch(/^sluice: no object of dataset stall\.orders was taken; datasets here: none/)
})

test('every command that has --json is in the table', () => {
  const missing = commands.filter(({ name }) => documentedLines(name).length === 0)
  // The first prints one document, the second a script.
  expect(missing.map(({ name }) => name)).toEqual(['init', 'completion'])
})

test('a field that is not on the page, and one that is of another type, are seen', () => {
  const finding = { area: 'a', check: 'b', level: 'ok', found: 'c' }
  expect(undocumented('doctor', finding)).toEqual([])
  expect(undocumented('doctor', { ...finding, more: 1 })).toEqual([
    expect.stringContaining('more is not on the page'),
  ])
  expect(undocumented('doctor', { ...finding, found: null })).toEqual([
    expect.stringContaining('found is null'),
  ])
  const { level: _, ...rest } = finding
  expect(undocumented('doctor', rest)).toEqual([expect.stringContaining('level is missing')])
})
