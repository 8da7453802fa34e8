import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  CreateBucketCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { S3Store } from '../../core/store/s3-store.ts'
import { putContracts } from './setup.ts'

const away = !process.env.AWS_ENDPOINT_URL
if (away) console.warn('setup is NOT tested: AWS_ENDPOINT_URL is not set (start LocalStack)')

describe.skipIf(away)('with S3', () => {
  test('a contract put twice is one version of its object', async () => {
    const Bucket = `sluice-${randomUUID()}`
    const client = new S3Client({ forcePathStyle: true })
    await client.send(new CreateBucketCommand({ Bucket }))
    const VersioningConfiguration = { Status: 'Enabled' as const }
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
    const folder = mkdtempSync(join(tmpdir(), 'sluice-setup-'))
    const key = 'bronze/shop/datapackage.yaml'
    mkdirSync(dirname(join(folder, key)), { recursive: true })
    for (const text of ['name: shop\n', 'name: shop\n', 'name: shop # é\n', 'name: shop # é\n']) {
      writeFileSync(join(folder, key), text)
      await putContracts(new S3Store(`s3://${Bucket}`), folder)
    }
    rmSync(folder, { recursive: true })
    const { Versions } = await client.send(new ListObjectVersionsCommand({ Bucket }))
    expect(Versions?.map(({ Key, Size }) => [Key, Size])).toEqual([
      [key, 16],
      [key, 11],
    ])
  })
})
