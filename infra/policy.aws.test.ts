import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateStreamCommand, DeleteStreamCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3'
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { CreateQueueCommand, DeleteQueueCommand, SQSClient } from '@aws-sdk/client-sqs'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkpointKey, newCheckpoint, parseCheckpoint, shardStem } from '../core/checkpoint.ts'
import { encodeRedriven } from '../core/chunk.ts'
import { putRecord, readRecord } from '../core/commit-record.ts'
import { openStream } from '../core/kinesis.ts'
import { openLake } from '../core/lake.ts'
import { batchOf, resource } from '../functions/stages.fixture.ts'
import { recordsOf } from '../functions/streaming/stream.fixture.ts'
import { localPostgres, removeLocalPostgres } from '../local/postgres.ts'
import {
  architecture,
  bundleOf,
  covers,
  isAllowed,
  type Places,
  RecordedFunction,
  type Role,
  rights,
} from './policy.fixture.ts'
import { TestStack } from './stack.fixture.ts'

const away = !process.env.AWS_ENDPOINT_URL
if (away) console.warn('policies are NOT tested: AWS_ENDPOINT_URL is not set (start LocalStack)')

const DAY = 86_400_000
const name = `policy-${randomBytes(4).toString('hex')}`
const home = mkdtempSync(join(tmpdir(), 'sluice-policy-'))
const stack = new TestStack({ architecture })
const roles = Object.keys(bundleOf) as Role[]
const places: Places = { Lake: name, StreamRecords: name }
const functions = {} as Record<Role, RecordedFunction>
const lake = openLake(`s3://${name}`)
const stream = openStream(name)
const closing: (() => Promise<unknown>)[] = []

/**
 * LocalStack asks nobody's policy. So every function runs as it is deployed, through all that its
 * work can be; what it asked for is compared with what its role may do on AWS.
 */
describe.skipIf(away)('what each function asks for', () => {
  beforeAll(async () => {
    await makePlaces()
    for (const role of roles) {
      // What vacuum removes, and windows that a tick closes, are of yesterday.
      const ahead = role === 'Maintenance' ? 2 * DAY : 0
      functions[role] = new RecordedFunction(stack, role, places, ahead)
      closing.push(() => functions[role].close())
    }
    await setUp()
    await ofObjects(functions.RawIngestion)
    await ofObjects(functions.Silver, ['silver/policy/rows/**', 'quarantine/policy/rows/*'])
    await ofStreams()
    await maintain()
    await checkAll()
  }, 120_000)
  afterAll(async () => {
    for (const close of closing.reverse()) await close()
    rmSync(home, { recursive: true, force: true })
  })
  it('x', () => {
    for (const role of roles) {
      const { work, check } = functions[role].needs
      const own = stack.statements(role)
      console.log(role, 'missing', [...work].filter((n) => !isAllowed(own, n)), 'missing in check', [...check].filter((n) => !isAllowed(own, n)), 'lost?', functions[role].kept)
      console.log(role, rights(own, 'Allow').map((r) => `${[...work].some((n) => covers(r, n)) ? 'work' : [...check].some((n) => covers(r, n)) ? 'CHECK' : 'NONE'} ${r}`))
    }
  })
})

async function makePlaces(): Promise<void> {
  const s3 = new S3Client({ forcePathStyle: true })
  await s3.send(new CreateBucketCommand({ Bucket: name }))
  const VersioningConfiguration = { Status: 'Enabled' as const }
  await s3.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }))
  const sqs = new SQSClient({})
  for (const id of ['RawIngestionQueue', 'SilverQueue', 'PublishQueue']) {
    const made = await sqs.send(new CreateQueueCommand({ QueueName: `${name}-${id}` }))
    const QueueUrl = made.QueueUrl!
    places[id] = `${process.env.AWS_ENDPOINT_URL}${new URL(QueueUrl).pathname}`
    closing.push(() => sqs.send(new DeleteQueueCommand({ QueueUrl })))
  }
  const kinesis = new KinesisClient({ requestHandler: new NodeHttpHandler() })
  await kinesis.send(new CreateStreamCommand({ StreamName: name, ShardCount: 1 }))
  closing.push(() => kinesis.send(new DeleteStreamCommand({ StreamName: name })))
  const postgres = await localPostgres(home, { durable: false })
  closing.push(async () => {
    await postgres.release()
    await removeLocalPostgres(home)
  })
  const secrets = new SecretsManagerClient({})
  const secret = { Name: name, SecretString: postgres.url }
  const { ARN: SecretId = '' } = await secrets.send(new CreateSecretCommand(secret))
  places.DatabaseSecret = SecretId
  closing.push(() => secrets.send(new DeleteSecretCommand({ SecretId })))
  while ((await stream.describe()).status !== 'ACTIVE') await sleep(100)
}

const put = (key: string, content: string) => lake.store.put(key, Buffer.from(content))
const events = (...keys: string[]) => batchOf(lake, keys)
const described = (folder: string, fields: string[], sluice = {}) =>
  put(`${folder}/datapackage.json`, JSON.stringify({
    name: 'policy',
    resources: [resource('rows', fields, {}, sluice)],
  }))

async function setUp(): Promise<void> {
  const setup = functions.Setup
  await setup.invoke({ RequestType: 'Create' })
  await setup.invoke({ RequestType: 'Update' })
  await put('bronze/shop/datapackage.yaml', 'name: shop\n')
  await setup.invoke({ RequestType: 'Update' })
}

/** @param loses what the stage puts and never hears of */
async function ofObjects(stage: RecordedFunction, loses: string[] = []): Promise<void> {
  await described('bronze/policy', ['id:integer', 'name'])
  const [one, wrong, held] = ['policy/rows/1.csv', 'policy/rows/2.csv', `${stage.role}/rows/1.csv`]
  const keys = [one, wrong, held].map((key) => `bronze/${key}`)
  await put(keys[0]!, 'id,name\n1,a\nx,b\n3,c\n')
  await put(keys[1]!, 'id,other\n1,a\n')
  await put(keys[2]!, 'id,name\n1,a\n')
  stage.lose(...loses)
  await stage.invoke(events(...keys))
  await stage.invoke(events(...keys))
  // Fewer rows, no reject, a contract for what is held.
  await put(keys[0]!, 'id,name\n1,a\n')
  await described(`bronze/${stage.role}`, ['id:integer', 'name'])
  await stage.invoke(events(keys[0]!, `bronze/${stage.role}/datapackage.json`))
  await stage.invoke({ Records: [{ ...message, eventSource: 'aws:sqs', body: 'no event' }] })
  if (loses.length === 0) return
  // Parquet of more than 16 MiB, the end of whose upload is not heard of.
  await put('bronze/policy/rows/large.csv', `id,name\n${large()}`)
  stage.lose('silver/policy/rows/*.parquet')
  await stage.invoke(events('bronze/policy/rows/large.csv'))
}

const message = { messageId: '1', receiptHandle: 'none' }

function large(): string {
  return Array.from({ length: 1_000 }, (_, i) => `${i},${randomBytes(18_000).toString('base64')}\n`).join('')
}

const dataset = 'policy.rows'
const key = (n: number | string) => `streaming/policy/rows/${n}.csv`

async function ofStreams(): Promise<void> {
  const { Publish: publish, StreamAppend: append } = functions
  const windows = [{ name: 'counted', every: '1 hour', measures: { n: 'count()' } }]
  await described('streaming/policy', ['id:integer', 'name', 'at:datetime'], {
    stream: { eventTime: 'at' },
    windows,
  })
  await put(key('wrong'), 'other\n1\n')
  await put('streaming/later/rows/1.csv', 'id,name\n1,a\n')
  publish.lose('streaming_checkpoint/published/*')
  append.lose('streaming_results/policy/rows/events/*', 'quarantine/policy/rows/stream/*')
  for (const n of [1, 2, 3, 4]) await putRows(n)
  const shard = { stream: name, created: (await stream.describe()).created, shard: await shardId() }
  await earlierMaking(shard)
  await publish.invoke(events(key(1), key('wrong'), 'streaming/later/rows/1.csv'))
  await deliver()
  await described('streaming/later', ['id:integer', 'name'], { stream: {} })
  await publish.invoke(events(key(1), key(2), 'streaming/later/datapackage.json'))
  await publish.invoke({ Records: [{ ...message, eventSource: 'aws:sqs', body: 'no event' }] })
  await deliver()
  await ofOthers({ ...shard, created: EARLIER })
  await deliver()
  // Who finds no checkpoint at a cold start makes it anew from the files.
  for (const [stage, n] of [[append, 3], [publish, 4]] as const) {
    await lake.store.delete(checkpointKey(shard))
    await stage.end()
    await publish.invoke(events(key(n)))
    await deliver()
  }
  await lake.store.delete(checkpointKey(shard))
}

function putRows(n: number) {
  return put(key(n), `id,name,at\n${n},a,2026-01-01T0${n}:00:00\nx,b,2026-01-01T00:00:00\n`)
}

const EARLIER = '2020-01-01T00:00:00.000Z'
type Shard = Parameters<typeof checkpointKey>[0]

async function shardId(): Promise<string> {
  return (await stream.shards())[0]!.id
}

/** A stream of that name was there before, with records of other producers. */
async function earlierMaking(shard: Shard): Promise<void> {
  const id = { ...shard, created: EARLIER }
  const runs: [string, string][] = [['5', '9']]
  const state = { ...newCheckpoint(id), begun: true, commit: 1, committed: { [shardStem(id)]: runs } }
  const record = { id: '', epoch: 0, state, files: [], writing: null, garbage: [] }
  await putRecord(lake.store, checkpointKey(id), { etag: undefined, record }, {})
}

/** Rows and poison of other producers, and what was put again of the earlier stream. */
async function ofOthers(origin: Shard): Promise<void> {
  const data = Buffer.from(JSON.stringify({ _dataset: dataset, id: 7, name: 'b', at: '2026-01-01T09:00:00' }))
  const again = ['7', '70'].map((sequence) =>
    encodeRedriven({ kind: 'redriven', origin, sequence, after: '', data }),
  )
  const all = [data, Buffer.from('no JSON'), ...(await Promise.all(again))]
  await stream.put(all.map((one) => ({ data: one, partitionKey: 'p' })))
}

let delivered = 0

/** What came since, as the event source mapping gives it. */
async function deliver(): Promise<void> {
  const { arn } = await stream.describe()
  const id = await shardId()
  const records = (await recordsOf(stream, id)).slice(delivered)
  delivered += records.length
  const Records = records.map(({ sequenceNumber, data }) => ({
    ...{ eventID: `${id}:${sequenceNumber}`, eventSourceARN: arn },
    kinesis: { sequenceNumber, data: data.toString('base64') },
  }))
  const answer = await functions.StreamAppend.invoke({ Records })
  expect(answer).toEqual({ batchItemFailures: [] })
}

async function maintain(): Promise<void> {
  const { Maintenance: jobs, Publish: publish } = functions
  // The checkpoint is gone: the first job makes it anew.
  jobs.lose('streaming_results/policy/rows/windows/**', 'streaming_results/policy/rows/events/compact-*')
  await jobs.invoke({ job: 'tick' })
  await jobs.invoke({ job: 'compact' })
  for (const n of [5, 6, 7]) {
    await putRows(n)
    await publish.invoke(events(key(n)))
    await deliver()
  }
  await jobs.invoke({ job: 'compact' })
  await deadWriter()
  await jobs.invoke({ job: 'tick' })
  await jobs.invoke({ job: 'vacuum' })
}

/** Whose rejects nobody has committed. */
async function deadWriter(): Promise<void> {
  const { created } = await stream.describe()
  const id = { stream: name, created, shard: await shardId() }
  const held = await readRecord(lake.store, checkpointKey(id), parseCheckpoint)
  const dead = `quarantine/policy/rows/stream/${shardStem(id)}-1-2-99-0.parquet`
  await putRecord(lake.store, checkpointKey(id), held!, { garbage: [dead] })
}

async function checkAll(): Promise<void> {
  for (const role of roles.filter((one) => one !== 'Setup')) {
    const found = await functions[role].invoke({ check: true, stream: name })
    console.log(JSON.stringify(found))
  }
}
