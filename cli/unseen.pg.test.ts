import { expect, test } from 'vitest'
import { database, files, raw } from '../functions/raw.fixture.ts'
import { resource, runSilver } from '../functions/stages.fixture.ts'
import { publish } from '../functions/streaming/publish.ts'
import { drain } from '../functions/streaming/stream.fixture.ts'
import { MemoryStream } from '../local/stream.fixture.ts'
import { linesOf, sluice } from './run.fixture.ts'

/** What lies in the lake and no stage has looked at, as `status` tells it. */

const key = 'bronze/p/t/a.csv'
const place = () => ['--lake', files.folder, '--database', database.url]
/** As it is told: without the password. */
const toldPlace = () => {
  const url = database.url.replace(/:[^:@]+@/, ':…@')
  return `--lake ${files.folder} --database '${url}'`
}
const status = (...words: string[]) => sluice('status', ...place(), ...words)
const unseen = async () => linesOf((await status('--json')).out).filter((one) => one.unseen)

async function load(): Promise<void> {
  await raw.run(key)
  await runSilver(files.lake, key)
}

test('a file that nobody has looked at is told, with its cure, until it is taken', async () => {
  files.describe('p', resource('t', ['id:integer', 'name']))
  files.put(key, 'id,name\n1,a\n')
  const told = await status()
  const next = `sluice ingest ${key} ${toldPlace()}`
  expect(told.code).toBe(3)
  expect(told.out).not.toContain('No object was taken yet')
  expect(told.out).toContain(`${key}: not taken yet (raw-ingestion, silver)\n`)
  expect(told.out).toContain('1 object is yet to be taken: `sluice start --lake ')
  expect(told.out).toContain(`or \`${next}\`.\n`)
  expect(await unseen()).toEqual([
    {
      ...{ object: key, size: 12, modified: expect.any(String), changed: false, next },
      unseen: ['raw-ingestion', 'silver'],
    },
  ])
  await load()
  const { out, code } = await status()
  expect([out.includes('yet'), code]).toEqual([false, 0])
  files.put(key, 'id,name\n1,b\n')
  expect(await unseen()).toMatchObject([{ object: key, changed: true }])
  expect((await status()).out).toContain(`${key}: changed since it was taken (raw-ingestion`)
  await raw.run(key)
  expect(await unseen()).toMatchObject([{ unseen: ['silver'], changed: true }])
})

test('a load that fails says why, and how often, until it goes through', async () => {
  files.describe('p', resource('t', ['id:integer', 'name']))
  files.put(key, 'id,name\n1,a\n')
  await raw.query('CREATE SCHEMA p')
  await raw.query('CREATE TABLE p.t (id bigint)')
  for (let tries = 1; tries <= 2; tries++) {
    await expect(raw.run(key)).rejects.toThrow('does not fit')
    const reason = expect.stringContaining('run: ALTER TABLE "p"."t" ADD COLUMN "name" text')
    const at = expect.stringMatching(/^20\d\d-.*Z$/)
    expect(await unseen()).toMatchObject([{ object: key, failure: { reason, tries, at } }])
  }
  const { out, code } = await status()
  expect(out).toMatch(/not taken yet \(.*\); its load failed 2 times, last at 20.*: table .* run: /)
  expect(code).toBe(1)
  await raw.query('DROP TABLE p.t')
  await load()
  expect([await unseen(), (await status()).code]).toEqual([[], 0])
  expect(await raw.query('SELECT * FROM sluice.failures')).toEqual([])
})

test('one that is held, refused or gone was looked at', async () => {
  files.describe('p', resource('t', ['id:integer', 'name']))
  files.put(key, 'other\n1\n')
  files.put('bronze/q/held.csv', 'id\n1\n')
  await load()
  await raw.run('bronze/q/held.csv')
  await runSilver(files.lake, 'bronze/q/held.csv')
  expect(await unseen()).toEqual([])
  files.remove(key)
  expect(await unseen()).toEqual([])
})

test('of very many, some are told', async () => {
  for (let n = 10; n < 35; n++) files.put(`bronze/q/${n}.csv`, 'id\n1\n')
  const { out, code } = await status()
  expect(out.split('\n').filter((line) => line.includes('not taken yet'))).toHaveLength(20)
  expect(out).toContain('\nand 5 more; `--json` tells all\n25 objects are yet to be taken: ')
  expect([(await unseen()).length, code]).toEqual([25, 3])
})

test('a database that knows nothing of the lake is told of, not every object', async () => {
  files.describe('p', resource('t', ['id:integer', 'name']))
  files.put(key, 'id,name\n1,a\n')
  await runSilver(files.lake, key)
  const { err, out, code } = await status()
  expect(err).toBe('sluice: this database knows no object of this lake; --database names another\n')
  expect([out.includes('not taken yet'), code]).toEqual([false, 0])
})

test('of a stream: new, changed, and what it would hold', async () => {
  const stream = new MemoryStream('till', 1)
  const streamed = 'streaming/till/receipts/a.csv'
  const descriptor = (files: string) => {
    const receipts = resource('receipts', ['id:integer'], {}, { stream: {}, files })
    return JSON.stringify({ name: 't', resources: [receipts] })
  }
  files.put('streaming/till/datapackage.json', descriptor('receipts/**'))
  files.put(streamed, 'id\n1\n2\n')
  expect(await unseen()).toMatchObject([
    {
      ...{ object: streamed, unseen: ['streaming'] },
      next: `sluice start --once ${toldPlace()}`,
    },
  ])
  await publish(files.lake, stream, streamed)
  await drain(files.lake, stream)
  expect(await unseen()).toEqual([])
  files.put(streamed, 'id\n1\n')
  expect(await unseen()).toMatchObject([{ object: streamed, changed: true }])
  await publish(files.lake, stream, streamed)
  const refused = await status()
  expect(refused.out).toMatch(/receipts\/a\.csv +│ till\.receipts │ .*│ refused │ +2 │ +2 │/)
  expect(refused.out).toContain(`${streamed}: refused: its content was changed after`)
  expect(refused.out).toContain('put the first content back, and new rows into an object of')
  expect([refused.out.includes('yet to be taken'), refused.code]).toEqual([false, 3])
  files.put(streamed, 'id\n3\n')
  files.put('streaming/till/datapackage.json', descriptor('elsewhere/**'))
  const [end, ...others] = linesOf((await status('--json')).out).filter((one) => one.object)
  expect(end).toMatchObject({ stage: 'streaming', status: 'held', records: 2, accepted: 2 })
  expect(others).toEqual([])
})
