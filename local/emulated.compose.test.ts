import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { EventBridge } from '@aws-sdk/client-eventbridge'
import { Kinesis } from '@aws-sdk/client-kinesis'
import { S3 } from '@aws-sdk/client-s3'
import { SQS } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { append, keep, objectStages, retry } from '../infra/shape.ts'
import { docker as client, hasDocker } from './compose.fixture.ts'
import { eventually } from './deployed.fixture.ts'
import { emulatedLake } from './emulated.ts'

const image = 'localstack/localstack:4.14.0'
const hook = '/etc/localstack/init/ready.d/sluice.py'
const docker = (...args: string[]) =>
  execFileSync(client, args, { encoding: 'utf8', stdio: 'pipe' }).trim()

/** The mounts of docker-compose.yml, in a folder that a test may change. */
const home = mkdtempSync(join(tmpdir(), 'sluice-emulated-'))
const name = `sluice-emulated-${randomBytes(4).toString('hex')}`
const contracts = [
  'bronze/shop/datapackage.yaml',
  'bronze/shop/deep/er/datapackage.json',
  'streaming/till/datapackage.yml',
]
const others = [
  ...['bronze/shop/orders.csv', 'bronze/shop/datapackage.yaml.bak', 'bronze/datapackage.yaml'],
  ...['bronze/.sluice/datapackage.yaml', 'streaming/till/receipts.ndjson'],
]

describe.skipIf(!hasDocker())('the LocalStack of compose', () => {
  beforeAll(async () => {
    for (const key of [...contracts, ...others]) write(key, `${key}\n`)
    write('lake.json', emulatedLake())
    const mounts = {
      [join(import.meta.dirname, 'container/ready.d')]: dirname(hook),
      [join(home, 'lake.json')]: '/etc/localstack/sluice/lake.json',
      [join(home, 'bronze')]: '/contracts/bronze',
      [join(home, 'streaming')]: '/contracts/streaming',
    }
    const volumes = Object.entries(mounts).flatMap(([from, to]) => ['-v', `${from}:${to}:ro`])
    const settings = ['SERVICES=s3,sqs,events,kinesis', 'SQS_ENDPOINT_STRATEGY=dynamic']
    const env = settings.flatMap((setting) => ['-e', setting])
    docker('run', '-d', '--name', name, '-p', '127.0.0.1::4566', ...env, ...volumes, image)
    expect(await ended(), logs()).toBe('SUCCESSFUL')
  })
  afterAll(() => {
    spawnSync(client, ['rm', '--force', '--volumes', name])
    rmSync(home, { recursive: true, force: true })
  })

  it('brings an object to the queues of the stages that take it, and to no other', async () => {
    const { s3 } = clients()
    const keys = ['silver/shop/a.csv', 'streaming/till/a.csv', 'bronze/shop/a.csv']
    for (const Key of keys) await s3.putObject({ Bucket: 'lake', Key, Body: 'a' })
    // What no queue takes was put first: it would have come before the last of these.
    const bronze = [contracts[0]!, contracts[1]!, 'bronze/shop/a.csv'].sort()
    const streaming = [contracts[2]!, 'streaming/till/a.csv']
    expect(await receive('raw-ingestion', bronze.length)).toEqual(bronze)
    expect(await receive('silver', bronze.length)).toEqual(bronze)
    const all = [...bronze, ...streaming].sort()
    expect(await receive('publish', all.length)).toEqual(all)
  })

  it('has what the shape of the stack says', async () => {
    expect(await describeAll()).toEqual(expected())
  })

  it('puts contracts of packages, and nothing else of their folders', async () => {
    const { s3 } = clients()
    const { Contents } = await s3.listObjectsV2({ Bucket: 'lake' })
    const keys = Contents?.map(({ Key }) => Key).filter((key) => !key?.endsWith('/a.csv'))
    expect(keys).toEqual(contracts)
    const { Body } = await s3.getObject({ Bucket: 'lake', Key: contracts[0] })
    expect(await Body?.transformToString()).toBe(`${contracts[0]}\n`)
  })

  it('by hand, brings back what was changed, and writes only contracts that differ', async () => {
    const { s3, sqs } = clients()
    const QueueUrl = urlOf('sluice-silver')
    await sqs.setQueueAttributes({ QueueUrl, Attributes: { VisibilityTimeout: '1' } })
    write(contracts[1]!, 'changed\n')
    docker('exec', name, 'python', hook)
    docker('exec', name, 'python', hook)
    expect(await describeAll()).toEqual(expected())
    const { Versions = [] } = await s3.listObjectVersions({ Bucket: 'lake' })
    const written = contracts.map((key) => Versions.filter(({ Key }) => Key === key).length)
    expect(written).toEqual([1, 2, 1])
  })

  it('is whole again after a restart, which it keeps nothing over', async () => {
    docker('restart', name)
    expect(await ended(), logs()).toBe('SUCCESSFUL')
    expect(await describeAll()).toEqual(expected())
    const { Contents } = await clients().s3.listObjectsV2({ Bucket: 'lake' })
    expect(Contents?.map(({ Key }) => Key)).toEqual(contracts)
  })

  const unfit = emulatedLake().replace('"bronze/", "', '"gold/", "')
  const misspelt = emulatedLake().replace('"receives"', '"recieves"')
  it.each([
    ['is no JSON', '{', /not read \S+lake\.json \(made by .*--write.*JSONDecodeError/],
    ['lacks a part', '{}', /not read \S+lake\.json \(made by .*--write.*KeyError\('region'/],
    ['lacks a name', misspelt, /queue and rule sluice-raw-ingestion: KeyError\('receives'\)/],
    ['has a wrong folder', unfit, /gold\/ is not mounted/],
  ])('says what is wrong with a lake.json that %s', (_, text, message) => {
    write('lake.json', text)
    const { status, stderr } = spawnSync(client, ['exec', name, 'python', hook])
    expect(String(stderr)).toMatch(message)
    expect(status).toBe(1)
  })

  it('is not ready where the hook fails', async () => {
    write('lake.json', '{')
    docker('restart', name)
    expect(await ended()).toBe('ERROR')
    expect(logs()).toMatch(/ERROR.*sluice\.py.*could not read \S+lake\.json/)
  })
})

function write(path: string, text: string): void {
  mkdirSync(dirname(join(home, path)), { recursive: true })
  writeFileSync(join(home, path), text)
}

/** @returns the state of the hook once it has ended, as the healthcheck of compose reads it */
async function ended(): Promise<string> {
  return eventually(async () => {
    const text = await (await fetch(`${endpoint()}/_localstack/init/ready`)).text()
    const state = /"name": "sluice\.py", "state": "(SUCCESSFUL|ERROR)"/.exec(text)?.[1]
    if (!state) throw new Error(text)
    return state
  })
}

function logs(): string {
  return String(spawnSync(client, ['logs', '--tail', '50', name]).stderr)
}

/** Another port after each start. */
function endpoint(): string {
  return `http://${docker('port', name, '4566').split('\n')[0]}`
}

function clients() {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const config = { endpoint: endpoint(), region: 'us-east-1', credentials }
  return {
    s3: new S3({ ...config, forcePathStyle: true }),
    sqs: new SQS({ ...config, useQueueUrlAsEndpoint: false }),
    kinesis: new Kinesis(config),
    events: new EventBridge(config),
  }
}

function urlOf(queue: string): string {
  return `${endpoint()}/000000000000/${queue}`
}

/** @returns the keys that a stage is told of, when there are so many or no more come, sorted */
async function receive(service: string, count: number): Promise<string[]> {
  const { sqs } = clients()
  const keys: string[] = []
  while (keys.length < count) {
    const { Messages = [] } = await sqs.receiveMessage({
      QueueUrl: urlOf(`sluice-${service}`),
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 20,
    })
    if (Messages.length === 0) break
    keys.push(...Messages.map(({ Body = '' }) => JSON.parse(Body).detail.object.key))
  }
  return keys.sort()
}

async function describeAll() {
  const { s3, sqs, kinesis, events } = clients()
  const { Status } = await s3.getBucketVersioning({ Bucket: 'lake' })
  const found = await kinesis.describeStreamSummary({ StreamName: 'sluice' })
  const stream = found.StreamDescriptionSummary
  const stages = objectStages.map(({ service }) => `sluice-${service}`)
  const names = stages.flatMap((stage) => [stage, `${stage}-dead-letters`])
  const queues = names.map(async (queue) => {
    const { Attributes = {} } = await sqs.getQueueAttributes({
      QueueUrl: urlOf(queue),
      AttributeNames: ['All'],
    })
    const { VisibilityTimeout, MessageRetentionPeriod, RedrivePolicy = 'null' } = Attributes
    return [queue, VisibilityTimeout, MessageRetentionPeriod, JSON.parse(RedrivePolicy)]
  })
  const targets = stages.map(async (Rule) => {
    const { Targets } = await events.listTargetsByRule({ Rule })
    return Targets?.map(({ Arn, DeadLetterConfig }) => [Arn, DeadLetterConfig?.Arn])
  })
  return {
    versioning: Status,
    stream: [stream?.StreamStatus, stream?.StreamModeDetails?.StreamMode],
    hours: stream?.RetentionPeriodHours,
    queues: await Promise.all(queues),
    targets: await Promise.all(targets),
  }
}

function expected(): Awaited<ReturnType<typeof describeAll>> {
  const arn = (queue: string) => `arn:aws:sqs:us-east-1:000000000000:sluice-${queue}`
  const kept = String(keep.deadLetters * 24 * 3600)
  const queues = objectStages.flatMap(({ service, limits }) => {
    const dead = `${service}-dead-letters`
    const policy = { deadLetterTargetArn: arn(dead), maxReceiveCount: retry.receives }
    return [
      [`sluice-${service}`, String(6 * limits.timeout), kept, policy],
      // 30 s is the service's own.
      [`sluice-${dead}`, '30', kept, null],
    ]
  })
  return {
    versioning: 'Enabled',
    stream: ['ACTIVE', 'ON_DEMAND'],
    hours: append.retention,
    queues,
    targets: objectStages.map(({ service }) => [[arn(service), arn(`${service}-dead-letters`)]]),
  }
}
