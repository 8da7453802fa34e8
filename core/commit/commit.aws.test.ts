import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, describe, expect, test } from 'vitest'
import { Busy } from '../errors.ts'
import { S3Store } from '../store/s3-store.ts'
import { type Kind, RECORD, runSchedule } from './commit.schedules.ts'
import { commit } from './commit.ts'
import { readRecord } from './commit-record.ts'

const away = !process.env.AWS_ENDPOINT_URL
if (away)
  console.warn('commits to S3 are NOT tested: AWS_ENDPOINT_URL is not set (start LocalStack)')

const folder = mkdtempSync(join(tmpdir(), 'sluice-commit-s3-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function newBucket(): Promise<S3Store> {
  const Bucket = `sluice-${randomUUID()}`
  await new S3Client({ forcePathStyle: true }).send(new CreateBucketCommand({ Bucket }))
  return new S3Store(`s3://${Bucket}`)
}

describe.skipIf(away)('with an S3 endpoint', () => {
  test.each<Kind>(['silver', 'stream'])(
    'every row of %s stands once after any schedule',
    async (kind) => {
      for (let seed = 1; seed <= 4; seed++) {
        expect(await runSchedule(await newBucket(), kind, seed, folder)).toBeUndefined()
      }
    },
  )

  test('of ten writers at once one commits, and its files are the only real ones', async () => {
    const store = await newBucket()
    const path = join(folder, 'file')
    writeFileSync(path, 'rows')
    const write = () =>
      commit<number>({
        store,
        record: RECORD,
        target: async (state) =>
          state === 1
            ? undefined
            : {
                state: 1,
                replaces: true,
                files: [{ path, key: (epoch) => `silver/file-${epoch}` }],
              },
        fence: () => Buffer.from('fence'),
      })
    const ends = await Promise.allSettled(Array.from({ length: 10 }, write))
    const faults = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
    expect(faults.filter((fault) => !(fault instanceof Busy))).toEqual([])
    const outcomes = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value.done] : []))
    expect(outcomes.filter((done) => done === 'committed')).toHaveLength(1)
    const keys: string[] = []
    for await (const { key } of store.list('silver/file-')) keys.push(key)
    expect((await readRecord(store, RECORD))?.record.files).toEqual(keys)
  })
})
