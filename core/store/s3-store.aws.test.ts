import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, test } from 'vitest'
import { Busy, Refused } from '../errors.ts'
import { conformance, list } from './object-store.conformance.ts'
import { S3Store } from './s3-store.ts'

const away = !process.env.AWS_ENDPOINT_URL
if (away) console.warn('S3 is NOT tested: AWS_ENDPOINT_URL is not set (start LocalStack)')

const Bucket = `sluice-${randomUUID()}`
const client = new S3Client({ forcePathStyle: true })

describe.skipIf(away)('with an S3 endpoint', () => {
  const store = new S3Store(`s3://${Bucket}`)
  beforeAll(async () => {
    await client.send(new CreateBucketCommand({ Bucket }))
  })

  conformance('a bucket', async () => store)

  test('a bucket that is missing is a fault, not a missing object', async () => {
    const none = new S3Store(`s3://${Bucket}-none`)
    await expect(none.get('a')).rejects.toThrow('bucket')
    await expect(none.put('a', Buffer.from(''), { ifMatch: 'x' })).rejects.toThrow('bucket')
    await expect(list(none, '')).rejects.toThrow('bucket')
  })

  test('a copy of ours keeps its ending, and is removed on release', async () => {
    await store.put('copy/a.csv.gz', Buffer.from('x'))
    const copy = await store.open((await store.head('copy/a.csv.gz'))!)
    expect(copy.path).toMatch(/\.gz$/)
    await copy.release()
    expect(existsSync(dirname(copy.path))).toBe(false)
  })

  test('a list goes on over its pages', async () => {
    const keys = Array.from({ length: 1005 }, (_, index) => `page/${10_000 + index}`)
    for (let at = 0; at < keys.length; at += 50) {
      await Promise.all(keys.slice(at, at + 50).map((key) => store.put(key, Buffer.from(key))))
    }
    expect((await list(store, 'page/')).map(({ key }) => key)).toEqual(keys)
  })

  test('a versioned bucket is read by version id, also once another stands', async () => {
    const Status = 'Enabled' as const
    const versioned = `${Bucket}-v`
    await client.send(new CreateBucketCommand({ Bucket: versioned }))
    const VersioningConfiguration = { Status }
    await client.send(
      new PutBucketVersioningCommand({ Bucket: versioned, VersioningConfiguration }),
    )
    const lake = new S3Store(`s3://${versioned}`)
    await lake.put('a', Buffer.from('1'))
    const first = (await lake.head('a'))!
    expect(first.versionId).toBeDefined()
    await lake.put('a', Buffer.from('2'))
    const copy = await lake.open(first)
    expect(await readFile(copy.path, 'utf8')).toBe('1')
    await copy.release()
    await expect(lake.open({ ...first, versionId: randomUUID() })).rejects.toThrow(Busy)
  })
})

test('a lake is a whole bucket', () => {
  for (const lake of ['s3://', 's3://bucket/prefix', 's3://Bucket', 's3://a']) {
    expect(() => new S3Store(lake)).toThrow(Refused)
  }
  expect(new S3Store('s3://bucket/').url).toBe('s3://bucket')
})
