import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Lake, openLake } from '../core/lake.ts'
import { openPostgres } from '../core/postgres.ts'
import { S3Store } from '../core/s3-store.ts'
import { emptied } from '../functions/stages.fixture.ts'
import { lookAt, type Seen, sums, unaccounted } from '../local/outside.fixture.ts'
import { type LocalPostgres, localPostgres, removeLocalPostgres } from '../local/postgres.ts'
import { Deliveries } from './deliveries.ts'
import { seeded } from './random.ts'
import { atRandom, S3Proxy } from './s3-proxy.ts'
import { S3Source } from './s3-source.ts'

/** More: `SLUICE_ROUNDS=20 npx vitest run --project aws faults/s3-faults`. */
const rounds = Number(process.env.SLUICE_ROUNDS ?? 3)
const seed = Number(process.env.SLUICE_SEED ?? Math.floor(Math.random() * 1e9))
/** Of rounds that nobody asked for, none begins later: a busy machine does fewer. */
const budgetMs = process.env.SLUICE_ROUNDS ? Number.POSITIVE_INFINITY : 40_000

const endpoint = process.env.AWS_ENDPOINT_URL ?? ''
if (!endpoint) console.warn('SKIPPED: S3 that fails, as AWS_ENDPOINT_URL is not set')

const home = mkdtempSync(join(tmpdir(), 'sluice-s3-faults-'))
const source = new S3Source()
let postgres: LocalPostgres
let undisturbed: Seen

describe.skipIf(!endpoint)('S3 that fails', () => {
  beforeAll(async () => {
    postgres = await localPostgres(join(home, 'postgres'), { durable: false })
    const lake = openLake(join(home, 'lake'))
    await source.fill(lake.store)
    undisturbed = await run(lake, lake, seeded(seed))
    expect(unaccounted(undisturbed)).toEqual([])
    expect(undisturbed.ends.filter(({ status }) => status !== 'loaded')).toEqual([])
    expect(undisturbed.ends).toHaveLength(source.ends)
    const { said, found } = sums(undisturbed)
    expect(found).toEqual(said)
  })

  afterAll(async () => {
    await postgres.release()
    await removeLocalPostgres(join(home, 'postgres'))
    rmSync(home, { recursive: true, force: true })
  })

  const timeout = 60_000 + rounds * 120_000
  test('each fault in 5 % of requests: it ends as a folder that never fails', {
    timeout,
  }, async () => {
    const started = performance.now()
    for (let round = 0; round < rounds && performance.now() - started < budgetMs; round++) {
      await expectTheSame(seed + round)
    }
  })
})

async function expectTheSame(one: number): Promise<void> {
  const Bucket = `faults-${randomBytes(6).toString('hex')}`
  await new S3Client({ forcePathStyle: true }).send(new CreateBucketCommand({ Bucket }))
  const direct = openLake(`s3://${Bucket}`)
  await source.fill(direct.store)
  const random = seeded(one)
  const misfortune = atRandom(random)
  let parts = 0
  const proxy = new S3Proxy(endpoint, ({ url = '' }) => {
    if (url.includes('partNumber=')) parts++
    return misfortune()
  })
  const failing = {
    ...direct,
    store: new S3Store(direct.store.url, { endpoint: await proxy.start() }),
  }
  const started = performance.now()
  const seen = await run(failing, direct, random).catch((error: Error) => error.message)
  await proxy.stop()
  // An emulator keeps all, and there may be many rounds.
  await removeLarge(direct)
  const seconds = Math.round((performance.now() - started) / 1000)
  const counts = [...proxy.counts].map(([fault, count]) => `${fault} ${count}`).join(', ')
  const sent = `${proxy.requests} requests, ${parts} of parts`
  const told = `SLUICE_SEED=${one}: ${seconds} s, ${sent}; ${counts}`
  process.stderr.write(`${told}\n`)
  expect(seen, told).toEqual(undisturbed)
  expect(parts, told).toBeGreaterThan(0)
  // Every kind has befallen us.
  expect(proxy.counts.size, told).toBe(8)
}

async function removeLarge({ store }: Lake): Promise<void> {
  for await (const { key, size } of store.list('')) if (size > 1 << 20) await store.delete(key)
}

/** Everything goes by one lake, and is looked at by the other. */
async function run(lake: Lake, direct: Lake, random: () => number): Promise<Seen> {
  const database = openPostgres(await emptied(postgres.url))
  try {
    await new Deliveries(lake, database, random).run(source)
    return await lookAt(direct.store, database)
  } finally {
    await database.end()
  }
}
