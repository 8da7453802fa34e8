import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateStreamCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import Table from 'cli-table3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../core/database/database.ts'
import { openUrl } from '../core/database/open-database.ts'
import { forgetTables } from '../core/database/table.ts'
import { openLake } from '../core/lake.ts'
import { openStream } from '../core/stream/kinesis.ts'
import { installAwsS3 } from './data-api/aws-s3.ts'
import { DataApiEndpoint } from './data-api/endpoint.ts'
import { endToEnd } from './end-to-end.conformance.ts'
import type { Place } from './end-to-end.fixture.ts'
import { startKinesis } from './kinesis.ts'
import type { End } from './outside.fixture.ts'
import { type LocalPostgres, localPostgres, removeLocalPostgres } from './postgres.ts'

const localStack = process.env.AWS_ENDPOINT_URL
if (!localStack) console.warn('SKIPPED: a folder beside S3, as AWS_ENDPOINT_URL is not set')

const home = mkdtempSync(join(tmpdir(), 'sluice-end-to-end-'))
const run = randomBytes(6).toString('hex')
let postgres: LocalPostgres
let api: DataApiEndpoint

describe.skipIf(!localStack)('one suite', () => {
  beforeAll(async () => {
    postgres = await localPostgres(join(home, 'postgres'), { durable: false })
    api = await DataApiEndpoint.start(postgres.url)
  })
  afterAll(async () => {
    await api.close()
    await postgres.release()
    await removeLocalPostgres(join(home, 'postgres'))
    rmSync(home, { recursive: true, force: true })
  })

  const folder = endToEnd('a folder', () => inFolder('folder', byProtocol))
  const others = {
    "LocalStack's S3 and Kinesis": () => onLocalStack('bucket', byProtocol),
    'a folder, and the Data API': () => inFolder('folder-api', byDataApi),
    "LocalStack's S3 and Kinesis, and the Data API": () => onLocalStack('bucket-api', byDataApi),
  }
  const seen = Object.entries(others).map(([name, make]) => endToEnd(name, make))

  test('ends on S3 as in a folder, by either way to Postgres, row by row', () => {
    const all = [folder, ...seen].map((one) => one())
    console.info(sideBySide(all.map(({ ends }) => ends)))
    for (const other of all) expect(other).toEqual(folder())
    expect(folder().ends.length).toBeGreaterThan(40)
  })

  test('nothing is left in the staging area', async () => {
    for (const lake of [join(home, 'folder-api'), `s3://bucket-api-${run}`]) {
      const left: string[] = []
      for await (const { key } of openLake(lake).store.list('staging/')) left.push(key)
      expect(left).toEqual([])
    }
    expect(api.open).toBe(0)
    expect(api.calls.some(({ sql }) => sql?.includes('table_import_from_s3'))).toBe(true)
  })
})

type OpenDatabase = (name: string) => Promise<Database>

/** A database of its own. @returns its URL */
async function newDatabase(name: string): Promise<string> {
  const server = openUrl(postgres.url)
  await server.execute(`CREATE DATABASE ${name} TEMPLATE template0`)
  await server.end()
  const url = new URL(postgres.url)
  url.pathname = `/${name}`
  return url.href
}

const byProtocol: OpenDatabase = async (name) => openUrl(await newDatabase(name))

const byDataApi: OpenDatabase = async (database) => {
  await installAwsS3(await newDatabase(database), api)
  return openUrl(api.urlOf(database))
}

async function inFolder(name: string, open: OpenDatabase): Promise<Place> {
  const kinesis = await startKinesis(name)
  const database = await open(name.replace('-', '_'))
  const stream = openStream(name, { endpoint: kinesis.endpoint })
  const close = async () => {
    await database.end()
    await kinesis.stop()
  }
  forgetTables()
  return { lake: openLake(join(home, name)), stream, database, close }
}

/** A bucket with versions, as the deployed one is. */
async function onLocalStack(name: string, open: OpenDatabase): Promise<Place> {
  const Bucket = `${name}-${run}`
  const s3 = new S3Client({ forcePathStyle: true })
  await s3.send(new CreateBucketCommand({ Bucket }))
  const VersioningConfiguration = { Status: 'Enabled' as const }
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
  const kinesis = new KinesisClient({ requestHandler: new NodeHttpHandler() })
  await kinesis.send(new CreateStreamCommand({ StreamName: Bucket, ShardCount: 2 }))
  const stream = openStream(Bucket)
  while ((await stream.describe()).status !== 'ACTIVE') await sleep(100)
  const database = await open(name.replace('-', '_'))
  forgetTables()
  return { lake: openLake(`s3://${Bucket}`), stream, database, close: () => database.end() }
}

function sideBySide(places: End[][]): string {
  const head = ['object', 'stage', 'folder', 'S3', 'folder, Data API', 'S3, Data API', '']
  const table = new Table({ head, style: { head: [], border: [], compact: true } })
  const keys = new Set(places.flat().map(({ object, stage }) => `${object}\n${stage}`))
  for (const key of keys) {
    const ends = places.map((one) => told(one, key))
    const same = new Set(ends).size === 1 ? '=' : 'DIFFERS'
    table.push([...key.split('\n'), ...ends, same])
  }
  return `status, records = accepted + rejected + waiting\n${table}`
}

function told(ends: End[], key: string): string {
  const end = ends.find(({ object, stage }) => `${object}\n${stage}` === key)
  if (!end) return 'none'
  return `${end.status} ${end.records} = ${end.accepted} + ${end.rejected} + ${end.waiting}`
}
