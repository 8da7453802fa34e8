import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { S3 } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPostgres } from '../core/database/postgres.ts'
import { openLake } from '../core/lake.ts'
import { startSluice } from '../faults/command.ts'
import { hasDocker, OWNER, Project } from './compose.fixture.ts'
import { eventually } from './deployed.fixture.ts'
import { lookAt, type Seen } from './outside.fixture.ts'

/** The services of docker-compose.yml, with LocalStack beside the mounted folder. */

const workers = ['raw-ingestion', 'silver', 'publisher', 'streaming']
const sample = { objects: 8, streamed: 5 }
const contract = JSON.stringify({
  name: 'cafe',
  resources: [
    {
      name: 'sales',
      path: 'sales/1.csv',
      schema: {
        fields: [
          { name: 'id', type: 'integer' },
          { name: 'drink', type: 'string' },
        ],
      },
      sluice: { files: 'sales/*.csv' },
    },
  ],
})

describe.skipIf(!hasDocker())('docker compose up', () => {
  let project: Project
  let s3: S3
  let laptop: Seen['rows']

  beforeAll(async () => {
    project = await Project.clone('s3', true)
    await project.up()
    s3 = project.s3
  }, 600_000)
  afterAll(() => project?.remove(), 120_000)

  test('the sample is in Postgres, Silver and results, as on a laptop', async () => {
    await project.loaded(sample.objects, sample.streamed, 60)
    laptop = await onLaptop(project)
    const { rows } = await project.look()
    expect(withoutWindows(rows)).toEqual(withoutWindows(laptop))
  }, 180_000)

  test('a file of the folder and an object of the bucket flow, each within its lake', async () => {
    mkdirSync(join(project.data, 'bronze/cafe/sales'), { recursive: true })
    writeFileSync(join(project.data, 'bronze/cafe/datapackage.json'), contract)
    writeFileSync(join(project.data, 'bronze/cafe/sales/1.csv'), 'id,drink\n1,tea\n')
    await put('bronze/cafe/datapackage.json', contract)
    await put('bronze/cafe/sales/2 é+.csv', 'id,drink\n2,mocha\n3,tea\n')
    const receipts = 'streaming/till/receipts/2026-03-14-0930.csv'
    await put(receipts, readFileSync(join(project.data, receipts)))

    await project.loaded(sample.objects + 1, sample.streamed)
    const told = await eventually(async () => {
      const found = await project.ask(`SELECT lake, key, status, accepted::int
        FROM sluice.objects WHERE key LIKE 'bronze/cafe/%' ORDER BY lake`)
      if (found.length < 2) throw new Error('not all there')
      return found
    })
    expect(told).toEqual([
      { lake: 'file:///data', key: 'bronze/cafe/sales/1.csv', status: 'loaded', accepted: 1 },
      { lake: 's3://lake', key: 'bronze/cafe/sales/2 é+.csv', status: 'loaded', accepted: 2 },
    ])
    expect(await project.ask('SELECT id::int FROM cafe.sales ORDER BY id')).toHaveLength(3)
    const keys = await eventually(async () => {
      const found = await keysOf('s')
      const wanted = ['silver/cafe/', 'streaming_results/till/receipts/events/']
      const missing = wanted.filter((prefix) => !found.some((key) => key.startsWith(prefix)))
      if (missing.length > 0) throw new Error(`nothing below ${missing}`)
      return found
    })
    // Nothing of one lake in the other.
    expect(keys.filter((key) => key.startsWith('silver/shop'))).toEqual([])
    expect(readdirSync(join(project.data, 'silver/cafe/sales/_manifests'))).toHaveLength(1)
  }, 180_000)

  test('each service is its owner’s, without capabilities or a root folder to write', async () => {
    for (const service of [...workers, 'console']) {
      const status = await project.compose('exec', '-T', service, 'cat', '/proc/1/status')
      expect(status, service).toMatch(new RegExp(`^Uid:\\t${OWNER}\\t${OWNER}\\t${OWNER}\\t`, 'm'))
      expect(status, service).toMatch(/^CapEff:\t0+$/m)
      expect(status, service).toMatch(/^NoNewPrivs:\t1$/m)
      expect(await project.inspect(service, '{{.HostConfig.ReadonlyRootfs}}')).toBe('true')
    }
    const owners = new Set(filesOf(project.data).map((path) => statSync(path).uid))
    // What this test has written is its own.
    expect([...owners].filter((uid) => uid !== OWNER && uid !== process.getuid?.())).toEqual([])
    const made = filesOf(project.data).filter((path) => /(silver|results|quarantine)/.test(path))
    expect(made.filter((path) => statSync(path).uid !== OWNER)).toEqual([])
    // Some of the sample's records are rejected, which its exit code says.
    const command = ['sh', '-c', 'sluice status || [ $? = 3 ]']
    const status = await project.compose('exec', '-T', 'raw-ingestion', ...command)
    expect(status).toMatch(/shop\.orders +│ loaded +│ loaded/)
  }, 120_000)

  test('the console is where its log says, with the token; what is dropped is loaded', async () => {
    // What this test has written is its own.
    project.own()
    const address = await project.console()
    const { origin } = address
    expect((await fetch(origin)).status).toBe(401)
    const headers = { authorization: `Bearer ${address.searchParams.get('token')}` }
    const page = await fetch(origin, { headers })
    expect(await page.text()).toContain('<script')
    const place = await (await fetch(`${origin}/api/place`, { headers })).json()
    expect(place).toMatchObject({ lake: 'data', loads: false })
    const asked = `${origin}/api/drop?package=cafe&name=sales/dropped.csv`
    const answer = await fetch(asked, {
      ...{ method: 'POST', body: 'id,drink\n7,tea\n' },
      headers: { ...headers, 'x-sluice': '1', origin },
    })
    expect(await answer.json()).toMatchObject({ key: 'bronze/cafe/sales/dropped.csv' })
    await eventually(async () => {
      expect(await project.ask('SELECT drink FROM cafe.sales WHERE id = 7')).toHaveLength(1)
    })
    expect(statSync(join(project.data, 'bronze/cafe/sales/dropped.csv')).uid).toBe(OWNER)
    // What it only looks at, it could not write.
    const write = ['touch', '/data/silver/x']
    await expect(project.compose('exec', '-T', 'console', ...write)).rejects.toThrow()
  }, 120_000)

  test('what is in hand when it is stopped is ended', async () => {
    const rows = Array.from({ length: 400_000 }, (_, i) => `${i + 10},tea${i}`)
    const beside = join(project.data, 'big.csv.part')
    writeFileSync(beside, `id,drink\n${rows.join('\n')}\n`)
    renameSync(beside, join(project.data, 'bronze/cafe/sales/big.csv'))
    await eventually(async () => {
      const busy = await project.ask(`SELECT 1 FROM pg_stat_activity
        WHERE application_name = 'sluice' AND state <> 'idle' AND query LIKE 'COPY%'`)
      if (busy.length === 0) throw new Error('it has not begun')
    })
    await project.compose('stop', 'raw-ingestion')
    expect(await project.inspect('raw-ingestion', '{{.State.ExitCode}}')).toBe('0')
    const [ended] = await project.ask(
      `SELECT status, accepted::int FROM sluice.objects WHERE key = 'bronze/cafe/sales/big.csv'`,
    )
    expect(ended).toEqual({ status: 'loaded', accepted: rows.length })
    await project.up()
  }, 180_000)

  test('down and up repeats nothing and loses nothing; -v begins anew', async () => {
    await project.loaded(sample.objects + 3, sample.streamed)
    const before = await project.look()
    const [files, ledger] = [stamps(project), await ledgerOf(project)]
    await project.down()
    await project.up()
    // It has looked at each object when a new one has gone through.
    writeFileSync(join(project.data, 'bronze/cafe/sales/3.csv'), 'id,drink\n9,mocha\n')
    await project.loaded(sample.objects + 4, sample.streamed)
    const after = await ledgerOf(project)
    expect(after.filter(({ key }) => key !== 'bronze/cafe/sales/3.csv')).toEqual(ledger)
    expect(stamps(project)).toMatchObject(files)
    const { rows } = await project.look()
    expect(rows['table shop.orders']).toBe(before.rows['table shop.orders'])
    expect(rows['sluice.rejects']).toBe(before.rows['sluice.rejects'])

    await project.down('-v')
    await project.up()
    await project.loaded(sample.objects + 4, sample.streamed)
    expect((await project.look()).rows['table shop.orders']).toBe(rows['table shop.orders'])
    expect(stamps(project)).toMatchObject(files)
  }, 400_000)

  test('windows of an idle stream are closed, and are those of a laptop', async () => {
    await eventually(async () => {
      expect(windowsOf((await project.look()).rows)).toEqual(windowsOf(laptop))
    }, 240)
  }, 300_000)

  async function put(Key: string, Body: string | Buffer): Promise<void> {
    await s3.putObject({ Bucket: 'lake', Key, Body })
  }

  async function keysOf(Prefix: string): Promise<string[]> {
    const { Contents = [] } = await s3.listObjectsV2({ Bucket: 'lake', Prefix })
    return Contents.map(({ Key = '' }) => Key)
  }
})

/** What the sample becomes by `sluice start --once`, in a database of its own. */
async function onLaptop(project: Project): Promise<Seen['rows']> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-laptop-'))
  for (const name of ['bronze/shop', 'streaming/till']) {
    cpSync(join(project.data, name), join(folder, name), { recursive: true })
  }
  await project.database.query('CREATE DATABASE laptop TEMPLATE template0')
  const url = project.url.replace(/sluice$/, 'laptop')
  await startSluice(folder, url, '--once').ended
  const database = openPostgres(url)
  try {
    return (await lookAt(openLake(folder).store, database)).rows
  } finally {
    await database.end()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What the sample's own files become; setup.sql alone brings stores. */
function withoutWindows(rows: Seen['rows']): Seen['rows'] {
  const all = Object.entries(rows)
  return Object.fromEntries(all.filter(([name]) => !/\/windows\/|stores|cafe/.test(name)))
}

function windowsOf(rows: Seen['rows']): Seen['rows'] {
  return Object.fromEntries(Object.entries(rows).filter(([name]) => name.includes('/windows/')))
}

async function ledgerOf(project: Project): Promise<Record<string, unknown>[]> {
  return project.ask(`SELECT * FROM sluice.objects WHERE lake = 'file:///data' ORDER BY key`)
}

/** When each file of Silver and of the events was written. */
function stamps(project: Project): Record<string, number> {
  const files = ['silver', 'streaming_results'].flatMap((room) => filesOf(join(project.data, room)))
  const kept = files.filter((path) => /\.parquet$/.test(path) && !path.includes('/windows/'))
  return Object.fromEntries(kept.map((path) => [path, statSync(path).mtimeMs]))
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
}
