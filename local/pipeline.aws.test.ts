import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { openPostgres } from '../core/database/postgres.ts'
import { prepareLedger } from '../core/database/prepare-ledger.ts'
import { openLake } from '../core/lake.ts'
import type { Outcome } from '../core/outcome.ts'
import { Pipeline } from './pipeline.ts'
import { localPostgres, removeLocalPostgres } from './postgres.ts'

const endpoint = process.env.AWS_ENDPOINT_URL
if (!endpoint) console.warn('SKIPPED: both stages over S3, as AWS_ENDPOINT_URL is not set')

describe.skipIf(!endpoint)('both stages over a bucket', () => {
  test('end as over a folder, and a second run finds nothing to do', async () => {
    const bucket = `pipeline-${Date.now()}`
    await new S3Client({ forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: bucket }))
    const lake = openLake(`s3://${bucket}`)
    for (const name of ['datapackage.yaml', 'customers.csv', 'orders/2026-01.csv']) {
      await lake.store.put(`bronze/shop/${name}`, readFileSync(`data/bronze/shop/${name}`))
    }
    const home = mkdtempSync(join(tmpdir(), 'sluice-s3-'))
    const postgres = await localPostgres(home, { durable: false })
    const database = openPostgres(postgres.url)
    try {
      await prepareLedger(database)
      const run = async () => {
        const ends: Outcome[] = []
        const patience = { tries: 3, first: 100, longest: 1_000, forever: false }
        const pipeline = new Pipeline(lake, database, (end) => ends.push(end), patience)
        await pipeline.scan()
        await pipeline.close()
        const told = ends.map((end) => [
          `${end.stage} ${end.object.slice(12)} ${end.status}`,
          [end.records, end.accepted, end.rejected, end.waiting],
        ])
        return Object.fromEntries(told) as Record<string, number[]>
      }
      expect(await run()).toEqual({
        'raw-ingestion customers.csv loaded': [400, 398, 2, 0],
        'raw-ingestion orders/2026-01.csv loaded': [812, 809, 2, 1],
        'silver customers.csv loaded': [400, 398, 2, 0],
        'silver orders/2026-01.csv loaded': [812, 810, 2, 0],
      })
      expect(Object.keys(await run()).every((end) => end.endsWith('unchanged'))).toBe(true)
      const found: string[] = []
      for await (const { key } of lake.store.list('silver/shop/')) found.push(key)
      expect(found.filter((key) => key.endsWith('.parquet'))).toHaveLength(2)
    } finally {
      await database.end()
      await postgres.release()
      await removeLocalPostgres(home)
      rmSync(home, { recursive: true, force: true })
    }
  })
})
