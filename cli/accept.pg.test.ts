import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { startSluice } from '../faults/command.ts'
import { emptied, TestLake, TestRaw } from '../functions/stages.fixture.ts'
import { freshDatabase } from '../local/fresh-database.ts'

/** `sluice init`, `sluice accept`, and what a running `sluice start` makes of a proposal. */

let server: Awaited<ReturnType<typeof freshDatabase>>
let files: TestLake
beforeAll(async () => {
  server = await freshDatabase()
})
afterAll(() => server.drop())
beforeEach(async () => {
  await emptied(server.url)
  files = new TestLake()
})
afterEach(() => files.close())

const root = join(import.meta.dirname, '..')

function sluice(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, DATABASE_URL: server.url }
    const script = join(root, 'cli/sluice.ts')
    const options = { cwd: files.folder, env }
    execFile(process.execPath, [script, ...args], options, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err })
    })
  })
}

const lake = () => ['--lake', files.folder]
const place = (name: string) => join(files.folder, name)
const orders = 'bronze/shop/orders.csv'
const proposal = 'bronze/shop/datapackage.proposed.yaml'

async function tableOf(name: string): Promise<unknown[][]> {
  const raw = await TestRaw.open(files.lake, server.url)
  try {
    return await raw.table(name)
  } finally {
    await raw.database.end()
  }
}

test('held, accepted, loaded: each with its exit code', { timeout: 60_000 }, async () => {
  files.put(orders, 'id,zip\n1,01234\n2,x\n')
  const held = await sluice('ingest', place(orders), ...lake())
  expect(held.code).toBe(3)
  const accept = `sluice accept shop --lake ${files.folder}`
  expect(held.out).toContain(`one is proposed in ${proposal}: \`${accept}\` lets it`)
  const accepted = await sluice('accept', 'shop', ...lake())
  expect([accepted.code, accepted.err]).toEqual([0, ''])
  expect(accepted.out).toContain('bronze/shop/datapackage.yaml: accepted orders\n')
  expect(accepted.out).toContain('1 object, 2 records: 2 accepted')
  expect(await tableOf('shop.orders')).toEqual([
    [1, '01234'],
    [2, 'x'],
  ])
  const again = await sluice('accept', 'bronze/shop/', ...lake())
  expect(again).toMatchObject({ code: 2, out: '' })
  expect(again.err).toMatch(`sluice: ${proposal}: there is no proposal to accept; one is made`)
})

test('where nothing can be proposed, all say so in the same words', {
  timeout: 60_000,
}, async () => {
  const key = 'bronze/shop/report.csv'
  files.put(key, '%PDF-1.4\n1 0 obj\n')
  const why =
    'no contract names it, and none is proposed: source-error: it is a PDF, and no CSV: save its ' +
    'table as CSV; mend the file, or describe it as a resource in bronze/shop/datapackage.yaml'
  const start = await sluice('start', '--once', ...lake())
  const told = [
    [start.out, `${key}: held: ${why}\n`],
    [(await sluice('status', ...lake())).out, `${key}: held: ${why}\n`],
    [(await sluice('plan', place(key), ...lake())).out, `${key}: would be held\n  ${why}\n`],
    [(await sluice('accept', 'shop', ...lake())).err, `it proposes nothing:\n${key}: ${why}\n`],
    [(await sluice('accept', 'other', ...lake())).err, 'no proposal to accept; one is made for'],
  ]
  for (const [text, part] of told) expect(text).toContain(part)
})

test('accepted into a descriptor that stands there', { timeout: 60_000 }, async () => {
  const own = '# Mine\nresources:\n  - {name: a, path: a.csv, schema: {fields: [{name: id}]}}\n'
  files.put('bronze/shop/datapackage.yaml', own)
  files.put(orders, 'id\n1\n')
  files.put('bronze/shop/wide.csv', 'a;b\n1;2\n3\n4;5\n')
  files.put('bronze/other/empty.csv', '')
  // Silver does not know that nothing can be proposed for it.
  const { out } = await sluice('ingest', 'bronze/other/empty.csv', ...lake())
  expect(out.match(/: held: .*/g)).toHaveLength(1)
  expect(out).toContain('empty.csv: held: no contract names it, and none is proposed: source-error')
  await sluice('ingest', orders, 'bronze/shop/wide.csv', ...lake())
  const accepted = await sluice('accept', place('bronze/shop'), '--json', ...lake())
  expect(accepted.code).toBe(3)
  const ends = accepted.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const loaded = ends.filter(({ stage }) => stage === 'raw-ingestion')
  expect(loaded.toSorted((a, b) => (a.object < b.object ? -1 : 1))).toMatchObject([
    { object: orders, status: 'loaded', accepted: 1 },
    { object: 'bronze/shop/wide.csv', status: 'loaded', accepted: 2, rejected: 1 },
  ])
  expect(ends.filter(({ stage }) => stage === 'silver')).toHaveLength(2)
  expect(readFileSync(place('bronze/shop/datapackage.yaml'), 'utf8')).toContain(own)
})

test('renamed beside a running start, it loads what is held', { timeout: 60_000 }, async () => {
  mkdirSync(place('bronze/shop'), { recursive: true })
  const running = startSluice(files.folder, server.url)
  const until = async (isSo: () => boolean) => {
    for (let i = 0; i < 300 && !isSo(); i++) await sleep(100)
    expect(isSo()).toBe(true)
  }
  const ends = (status: string) => running.lines.filter((line) => line.status === status)
  try {
    writeFileSync(place(orders), 'id\n7\n')
    await until(() => ends('held').length === 2)
    renameSync(place(proposal), place('bronze/shop/datapackage.yaml'))
    await until(() => ends('loaded').length === 2)
  } finally {
    running.child.kill('SIGTERM')
    await running.ended
  }
  expect(await tableOf('shop.orders')).toEqual([[7]])
})

test('init prints the same proposal, of any file', { timeout: 60_000 }, async () => {
  files.put(orders, 'id,v\n1,NA\n2,3.5\n')
  await sluice('ingest', orders, ...lake())
  const printed = await sluice('init', place(orders))
  expect([printed.code, printed.err]).toEqual([0, ''])
  const proposed = parseYaml(readFileSync(place(proposal), 'utf8'))
  expect(parseYaml(printed.out)).toEqual(proposed)
  expect(printed.out).toContain('# primaryKey: id   # unique and never missing')
  const json = await sluice('init', place(orders), '--json', '--name', 'My Shop')
  expect(JSON.parse(json.out)).toEqual({ ...proposed, name: 'my-shop' })
})

test('init says what no contract takes, and what is no file', { timeout: 60_000 }, async () => {
  files.put('a.csv', 'a,b\n1,2\n3\n4,5\n')
  const ragged = await sluice('init', place('a.csv'))
  expect([ragged.code, parseYaml(ragged.out).resources.length]).toEqual([3, 1])
  expect(ragged.err).toContain('a.csv: 1 of 3 records are of another width, broken or blank')
  files.put('b.csv', '')
  const empty = await sluice('init', place('b.csv'))
  expect([empty.code, empty.out, empty.err]).toEqual([
    3,
    '',
    'sluice: b.csv: no contract fits: source-error: the object is empty\n',
  ])
  expect(await sluice('init', 'none.csv')).toMatchObject({
    ...{
      code: 2,
      out: '',
      err: 'sluice: there is no file none.csv: give the path of a CSV file\n',
    },
  })
})
