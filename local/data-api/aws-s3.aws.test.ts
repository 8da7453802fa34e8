import { randomUUID } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { S3 } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { localPostgres, removeLocalPostgres } from '../postgres.ts'
import { installAwsS3 } from './aws-s3.ts'
import { openEndpoint } from './endpoint.fixture.ts'

const away = !process.env.AWS_ENDPOINT_URL
if (away) console.warn('aws_s3 is NOT tested with S3: AWS_ENDPOINT_URL is not set')

const Bucket = `sluice-${randomUUID()}`
const text = '1,one\n2,"two, too"\n'

describe.skipIf(away)('with an S3 endpoint', () => {
  const s3 = new S3({ forcePathStyle: true })
  let api: Awaited<ReturnType<typeof openEndpoint>>

  beforeAll(async () => {
    api = await openEndpoint({ fresh })
    await installAwsS3(api.url, api.endpoint)
    await api.run('CREATE TABLE t1 (a integer, b text)')
    await s3.createBucket({ Bucket })
  })
  afterAll(() => api.close())

  test('an object is imported', async () => {
    const Key = `a folder/it's é.csv`
    await s3.putObject({ Bucket, Key, Body: text })
    expect(await imported(Key)).toEqual([
      `2 rows imported into relation "t1" from file ${Key} of 19 bytes`,
      2,
    ])
  })

  test('an object of Content-Encoding gzip is decompressed; its size is as stored', async () => {
    const Key = 'two.csv.gz'
    const Body = gzipSync(text)
    await s3.putObject({ Bucket, Key, Body, ContentEncoding: 'gzip' })
    expect(await imported(Key)).toEqual([
      `2 rows imported into relation "t1" from file ${Key} of ${Body.length} bytes`,
      2,
    ])
  })

  test('credentials of the statement are taken in place of those of the role', async () => {
    await s3.putObject({ Bucket, Key: 'two.csv', Body: text })
    const credentials = "aws_commons.create_aws_credentials('test', 'test', '')"
    const [said, rows] = await imported('two.csv', `, ${credentials}`)
    expect([said, rows]).toEqual([expect.stringContaining('2 rows imported'), 2])
  })

  test('an object that is not there is an error, and so is a bucket', async () => {
    await expect(imported('none.csv')).rejects.toThrow(/^ERROR: HTTP 404\..*SQLState: XX000$/)
    await expect(imported('none.csv', '', `${Bucket}-none`)).rejects.toThrow(/^ERROR: HTTP 404\./)
  })

  test('gzip that breaks off imports nothing, and is no fault of the data', async () => {
    const Key = 'broken.csv.gz'
    const Body = gzipSync(text.repeat(1000)).subarray(0, -20)
    await s3.putObject({ Bucket, Key, Body, ContentEncoding: 'gzip' })
    await expect(imported(Key)).rejects.toThrow('SQLState: 38000')
    expect((await api.run('SELECT FROM t1')).records).toEqual([])
  })

  /** Imports into an empty table. @returns what aws_s3 said, and how many rows there are then */
  async function imported(key: string, more = '', bucket = Bucket): Promise<unknown[]> {
    await api.run('TRUNCATE t1')
    const sql = `SELECT aws_s3.table_import_from_s3('t1', '', '(format csv)',
      aws_commons.create_s3_uri(:bucket, :key, 'us-east-1')${more})`
    const parameters = Object.entries({ bucket, key }).map(([name, stringValue]) => ({
      name,
      value: { stringValue },
    }))
    const { records } = await api.run(sql, { parameters })
    return [records![0]![0]!.stringValue, (await api.run('SELECT FROM t1')).records!.length]
  }
})

async function fresh() {
  const home = await mkdtemp(join(tmpdir(), 'sluice-aws-s3-'))
  const { url, release } = await localPostgres(home, { durable: false })
  const drop = async () => {
    await release()
    await removeLocalPostgres(home)
  }
  return { url, drop }
}
