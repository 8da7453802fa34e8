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
import { openStream } from '../core/kinesis.ts'
import { openLake } from '../core/lake.ts'
import { openPostgres } from '../core/postgres.ts'
import { emptied } from '../functions/stages.fixture.ts'
import { endToEnd } from './end-to-end.conformance.ts'
import type { Place } from './end-to-end.fixture.ts'
import { startKinesis } from './kinesis.ts'
import type { End } from './outside.fixture.ts'
import { type LocalPostgres, localPostgres, removeLocalPostgres } from './postgres.ts'

const endpoint = process.env.AWS_ENDPOINT_URL
if (!endpoint) console.warn('SKIPPED: a folder beside S3, as AWS_ENDPOINT_URL is not set')

const home = mkdtempSync(join(tmpdir(), 'sluice-end-to-end-'))
const name = `end-to-end-${randomBytes(6).toString('hex')}`
let postgres: LocalPostgres

describe.skipIf(!endpoint)('one suite', () => {
  beforeAll(async () => {
    postgres = await localPostgres(join(home, 'postgres'), { durable: false })
  })
  afterAll(async () => {
    await postgres.release()
    await removeLocalPostgres(join(home, 'postgres'))
    rmSync(home, { recursive: true, force: true })
  })

  const folder = endToEnd('a folder', inFolder)
  const bucket = endToEnd("LocalStack's S3 and Kinesis", onLocalStack)

  test('ends on S3 as in a folder, object by object and row by row', () => {
    console.info(sideBySide(folder().ends, bucket().ends))
    expect(bucket()).toEqual(folder())
    expect(folder().ends.length).toBeGreaterThan(40)
  })
})

async function inFolder(): Promise<Place> {
  const kinesis = await startKinesis(name)
  const database = openPostgres(await emptied(postgres.url))
  const stream = openStream(name, { endpoint: kinesis.endpoint })
  const close = async () => {
    await database.end()
    await kinesis.stop()
  }
  return { lake: openLake(join(home, 'lake')), stream, database, close }
}

/** A bucket with versions, as the deployed one is. */
async function onLocalStack(): Promise<Place> {
  const s3 = new S3Client({ forcePathStyle: true })
  await s3.send(new CreateBucketCommand({ Bucket: name }))
  const VersioningConfiguration = { Status: 'Enabled' as const }
  await s3.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }))
  const kinesis = new KinesisClient({ requestHandler: new NodeHttpHandler() })
  await kinesis.send(new CreateStreamCommand({ StreamName: name, ShardCount: 2 }))
  const stream = openStream(name)
  while ((await stream.describe()).status !== 'ACTIVE') await sleep(100)
  const database = openPostgres(await emptied(postgres.url))
  return { lake: openLake(`s3://${name}`), stream, database, close: () => database.end() }
}

function sideBySide(folder: End[], bucket: End[]): string {
  const head = ['object', 'stage', 'folder', 'S3', '']
  const table = new Table({ head, style: { head: [], border: [], compact: true } })
  const keys = new Set([...folder, ...bucket].map(({ object, stage }) => `${object}\n${stage}`))
  for (const key of keys) {
    const [one, other] = [folder, bucket].map((ends) => told(ends, key))
    table.push([...key.split('\n'), one, other, one === other ? '=' : 'DIFFERS'])
  }
  return `status, records = accepted + rejected + waiting\n${table}`
}

function told(ends: End[], key: string): string {
  const end = ends.find(({ object, stage }) => `${object}\n${stage}` === key)
  if (!end) return 'none'
  return `${end.status} ${end.records} = ${end.accepted} + ${end.rejected} + ${end.waiting}`
}
