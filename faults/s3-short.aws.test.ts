import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { list } from '../core/store/object-store.conformance.ts'
import { S3Store } from '../core/store/s3-store.ts'
import { cutting, type Misfortune } from './misfortune.ts'
import { FaultyProxy } from './proxy.ts'

/** A short body never counts as a whole one, however it became short. */

const endpoint = process.env.AWS_ENDPOINT_URL ?? ''
if (!endpoint) console.warn('SKIPPED: short answers of S3, as AWS_ENDPOINT_URL is not set')

const shares = [0, 0.5, 0.9999]
const cases = cutting.flatMap((fault) => shares.map((share) => ({ fault, share })))

/** The eTag of an object of several parts is no MD5. */
const bodies = {
  one: Buffer.from('id,name\n'.padEnd(3_000, 'abc')),
  parts: Buffer.alloc(17 << 20, 'abc'),
}
type Key = keyof typeof bodies
const keys = Object.keys(bodies) as Key[]

describe.skipIf(!endpoint)('an answer that is cut', () => {
  const Bucket = `short-${randomUUID()}`
  const folder = mkdtempSync(join(tmpdir(), 'sluice-short-'))
  /** What befalls the requests to come, one after the other. */
  let coming: Misfortune[] = []
  const proxy = new FaultyProxy(endpoint, () => coming.shift())
  /** One compares checksums; to the other one it is as if no object had any. */
  const stores: S3Store[] = []
  let sdk: S3Client

  beforeAll(async () => {
    const address = await proxy.start()
    const direct = new S3Client({ forcePathStyle: true, endpoint })
    await direct.send(new CreateBucketCommand({ Bucket }))
    writeFileSync(join(folder, 'parts'), bodies.parts)
    const filled = new S3Store(`s3://${Bucket}`)
    await filled.put('one', bodies.one)
    await filled.put('parts', { file: join(folder, 'parts') })
    for (const checked of ['when_supported', 'when_required']) {
      vi.stubEnv('AWS_RESPONSE_CHECKSUM_VALIDATION', checked)
      const store = new S3Store(`s3://${Bucket}`, { endpoint: address })
      // The environment is read once.
      await store.get('one')
      stores.push(store)
    }
    sdk = new S3Client({ forcePathStyle: true, endpoint: address })
  })

  afterAll(async () => {
    vi.unstubAllEnvs()
    await proxy.stop()
    rmSync(folder, { recursive: true })
  })

  test.for(cases)('is never a whole object: $fault after $share', async (misfortune) => {
    for (const store of stores) {
      for (const key of keys) {
        await expectWholeOrFault(key, misfortune, async () => (await store.get(key))!.body)
        const version = (await store.head(key))!
        await expectWholeOrFault(key, misfortune, async () => {
          const copy = await store.open(version)
          const bytes = readFileSync(copy.path)
          await copy.release()
          return bytes
        })
      }
    }
  })

  test.for(cases)('is never a whole list: $fault after $share', async (misfortune) => {
    coming = [misfortune]
    const found = await list(stores[0]!, '').catch(() => undefined)
    expect(coming).toEqual([])
    if (found) expect(found.map(({ key }) => key)).toEqual(keys.toSorted())
  })

  test('is a whole one for the SDK alone, which compares no length', async () => {
    const lengthOf = async (Key: Key) => {
      coming = [{ fault: 'shortens the body', share: 0.5 }]
      const answer = await sdk.send(new GetObjectCommand({ Bucket, Key }))
      return (await answer.Body?.transformToByteArray())?.length
    }
    expect(await lengthOf('one')).toBe(bodies.one.length / 2)
    expect(await lengthOf('parts')).toBe(bodies.parts.length / 2)
  })

  async function expectWholeOrFault(
    key: Key,
    misfortune: Misfortune,
    read: () => Promise<Uint8Array>,
  ) {
    coming = [misfortune]
    const found = await read().catch(() => undefined)
    expect(coming).toEqual([])
    if (found) expect(Buffer.compare(found, bodies[key]), `${found.length} bytes of ${key}`).toBe(0)
  }
})
