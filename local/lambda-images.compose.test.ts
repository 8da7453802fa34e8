import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { S3 } from '@aws-sdk/client-s3'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Finding } from '../core/finding.ts'
import { bundleFor } from '../infra/bundles.ts'
import { hasDocker } from './compose.fixture.ts'
import { eventually } from './deployed.fixture.ts'
import { build, clear, docker, filesIn, imageOf, prefix } from './images.fixture.ts'

/** The images, and the bundle of each. */
const functions: Record<string, string> = {
  'raw-ingestion': 'raw-ingestion',
  silver: 'silver',
  publish: 'streaming',
  streaming: 'streaming',
  maintenance: 'maintenance',
  setup: 'setup',
}
const root = join(import.meta.dirname, '..')
const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64'
const key = 'bronze/shop/customers.csv'
const settings = {
  LAKE_URL: 's3://lake',
  DATABASE_URL: 'postgres://postgres:secret@db:5432/postgres',
  STREAM_NAME: 'sluice',
  AWS_ENDPOINT_URL: 'http://localstack:4566',
  AWS_S3_FORCE_PATH_STYLE: '1',
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
}

describe.skipIf(!hasDocker())('the functions as container images', () => {
  let s3: S3
  const ports = new Map<string, string>()

  beforeAll(async () => {
    await docker('network', 'create', prefix)
    const [port] = await Promise.all([
      start('localstack', ['SERVICES=s3,kinesis'], 'localstack/localstack:4.14.0', '4566'),
      start('db', ['POSTGRES_PASSWORD=secret'], 'postgres:17'),
      build(Object.keys(functions).map((name) => `lambda-${name}`)),
    ])
    const environment = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
    for (const name of Object.keys(functions)) {
      ports.set(name, await start(name, environment, imageOf(`lambda-${name}`), '8080'))
    }
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
    const endpoint = `http://127.0.0.1:${port}`
    s3 = new S3({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
    await eventually(() => s3.createBucket({ Bucket: 'lake' }))
    await s3.putBucketVersioning({
      Bucket: 'lake',
      VersioningConfiguration: { Status: 'Enabled' },
    })
    // By TCP, where the server that sets it up does not listen.
    await eventually(() => docker('exec', `${prefix}-db`, 'pg_isready', '-h', '127.0.0.1'))
  }, 900_000)
  afterAll(clear)

  /** @returns the port of 127.0.0.1 that it can be reached at, if it is to be */
  async function start(name: string, environment: string[], image: string, port?: string) {
    const full = `${prefix}-${name}`
    const options = [
      ...['--detach', '--name', full, '--network', prefix, '--network-alias', name],
      ...environment.flatMap((one) => ['--env', one]),
      ...(port ? ['--publish', `127.0.0.1::${port}`] : []),
    ]
    await docker('run', ...options, image)
    if (!port) return ''
    return (await docker('port', full, port)).split('\n')[0]!.split(':').at(-1)!
  }

  /** As the documentation's `curl` does it. @returns the function's answer */
  async function invoke(name: string, event: object): Promise<unknown> {
    const url = `http://127.0.0.1:${ports.get(name)}/2015-03-31/functions/function/invocations`
    const answer = await eventually(() =>
      fetch(url, { method: 'POST', body: JSON.stringify(event) }),
    )
    return answer.json()
  }

  /** How many customers there are, and the latest transaction that wrote one. */
  async function rows() {
    const told = await docker(
      ...['exec', `${prefix}-db`, 'psql', '-U', 'postgres', '-Atc'],
      'SELECT count(*), max(xmin::text::bigint) FROM shop.customers',
    )
    const [count, latest] = told.split('|').map(Number)
    return { count: count!, latest }
  }
  const objectCreated = {
    Records: [{ eventSource: 'aws:s3', s3: { bucket: { name: 'lake' }, object: { key } } }],
  }
  const all = { batchItemFailures: [] }

  it.each(Object.entries(functions))('%s holds the bundle that is deployed', async (name, made) => {
    const folder = bundleFor(made, architecture)
    const found = await filesIn(`lambda-${name}`, '/var/task')
    const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
    const expected = paths.map((path) => [
      relative(folder, path),
      hash('sha256', readFileSync(path)),
    ])
    expect(found).toEqual(Object.fromEntries(expected))
    expect('libduckdb.so' in found).toBe(name !== 'setup')
  })

  it('setup makes the database and puts the contracts', async () => {
    const answer = await invoke('setup', { RequestType: 'Create' })
    expect(answer).toEqual({ PhysicalResourceId: 'sluice-setup', Data: { Contracts: '2' } })
    const { Contents = [] } = await s3.listObjectsV2({ Bucket: 'lake' })
    const keys = Contents.map(({ Key }) => Key)
    expect(keys).toEqual(['bronze/shop/datapackage.yaml', 'streaming/till/datapackage.yaml'])
  })

  it('raw-ingestion loads an object once, whatever the times that it is told of it', async () => {
    await s3.putObject({ Bucket: 'lake', Key: key, Body: readFileSync(join(root, 'data', key)) })
    const before = await rows()
    expect(await invoke('raw-ingestion', objectCreated)).toEqual(all)
    const loaded = await rows()
    expect(loaded.count - before.count).toBe(398)
    expect(await invoke('raw-ingestion', objectCreated)).toEqual(all)
    expect(await rows()).toEqual(loaded)
  })

  it('silver writes it as Parquet', async () => {
    expect(await invoke('silver', objectCreated)).toEqual(all)
    const { Contents = [] } = await s3.listObjectsV2({
      Bucket: 'lake',
      Prefix: 'silver/shop/customers/',
    })
    const files = Contents.flatMap(({ Key = '' }) => (Key.endsWith('.parquet') ? [Key] : []))
    expect(files.length).toBe(1)
    const { Body } = await s3.getObject({ Bucket: 'lake', Key: files[0] })
    const bytes = await Body!.transformToByteArray()
    const file = new Uint8Array(bytes).buffer
    expect(await parquetReadObjects({ file, compressors })).toHaveLength(398)
  })

  it.each(['raw-ingestion', 'silver', 'publish', 'streaming', 'maintenance'])(
    '%s says that it can work',
    async (name) => {
      const found = (await invoke(name, { check: true })) as Finding[]
      expect(found).toContainEqual(expect.objectContaining({ check: 'duckdb', level: 'ok' }))
      // There is no stream.
      const other = found.filter(({ level, check }) => level !== 'ok' && check !== 'stream')
      expect(other).toEqual([])
    },
  )
})
