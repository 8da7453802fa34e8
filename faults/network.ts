import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { openPostgres } from '../core/database/postgres.ts'
import { type Lake, openLake } from '../core/lake.ts'
import { S3Store } from '../core/store/s3-store.ts'
import { openStream, type StreamClient } from '../core/stream/kinesis.ts'
import { emptied } from '../functions/stages.fixture.ts'
import { startKinesis } from '../local/kinesis.ts'
import { lookAt, type Seen, sums, unaccounted } from '../local/outside.fixture.ts'
import { MemoryStream } from '../local/stream.fixture.ts'
import { startScript } from './command.ts'
import { Deliveries } from './deliveries.ts'
import type { Experiment, Size, Trial } from './experiment.ts'
import { atRandom, type Fault, faults, streamFaults } from './misfortune.ts'
import { FaultyProxy, operationOf } from './proxy.ts'
import { seeded } from './random.ts'
import { S3Source } from './s3-source.ts'
import { judgeStream, StreamSource } from './stream-source.ts'

/** Each with a seed of its own. */
const rounds: Record<Size, number> = { short: 1, whole: 3, long: 20 }

export const network: Experiment = {
  name: 'network',
  title:
    'S3 and Kinesis answer 500, 503, throttle, reset, lose answers, cut bodies, let iterators ' +
    'expire and take parts: each fault in 5 % of the requests of each operation',
  promise: 'files, publisher, stream and windows end as where no request ever fails',
  limit: { short: 3, whole: 8, long: 45 },
  needs: 'localstack',
  run,
  naive,
}

async function run(trial: Trial): Promise<string[]> {
  const { url, drop } = await trial.newDatabase()
  const source = new S3Source()
  const lake = openLake(join(trial.folder, 'lake'))
  await source.fill(lake.store)
  const calm = { lake, direct: lake, stream: new MemoryStream('faults'), random: trial.random }
  const wanted = await deliver(calm, source, url)
  const findings = judgeCalm(wanted, source)
  for (let round = 0; round < rounds[trial.size] && findings.length === 0; round++) {
    const seed = trial.seed + round
    const found = await failing(trial, seed, source, url, wanted)
    findings.push(...found.map((one) => `seed ${seed}: ${one}`))
  }
  await drop()
  return findings
}

/** The yardstick itself must add up. */
function judgeCalm(seen: Seen, source: S3Source): string[] {
  const { said, found } = sums(seen)
  return [
    ...unaccounted(seen).map(({ object }) => `calm: ${object} does not add up`),
    ...(seen.ends.length === source.ends ? [] : [`calm: ${seen.ends.length} ends`]),
    ...(`${said}` === `${found}` ? [] : [`calm: ${said} by the records, ${found} there`]),
  ]
}

/** All of it once more, by proxies that do a fault to every other request or so. */
async function failing(
  trial: Trial,
  seed: number,
  source: S3Source,
  url: string,
  wanted: Seen,
): Promise<string[]> {
  const Bucket = `faults-${randomBytes(6).toString('hex')}`
  await new S3Client({ forcePathStyle: true }).send(new CreateBucketCommand({ Bucket }))
  const direct = openLake(`s3://${Bucket}`)
  await source.fill(direct.store)
  const random = seeded(seed)
  const s3 = new Failing(process.env.AWS_ENDPOINT_URL ?? '', faults, random)
  const kinesis = await startKinesis('faults')
  const records = new Failing(kinesis.endpoint, streamFaults, random)
  const store = new S3Store(direct.store.url, { endpoint: await s3.proxy.start() })
  const endpoint = await records.proxy.start()
  try {
    const stream = openStream('faults', { endpoint })
    const seen = await deliver({ lake: { ...direct, store }, direct, stream, random }, source, url)
    trial.note(`S3, seed ${seed}`, s3.told())
    trial.note(`Kinesis, seed ${seed}`, records.told())
    return [...differences(seen, wanted), ...s3.spared(), ...records.spared()]
  } finally {
    await Promise.all([s3.proxy.stop(), records.proxy.stop(), kinesis.stop()])
    // An emulator keeps all, and there may be many rounds.
    for await (const { key, size } of direct.store.list('')) {
      if (size > 1 << 20) await direct.store.delete(key)
    }
  }
}

/** A proxy, and what befell those who used it. */
class Failing {
  readonly proxy: FaultyProxy
  readonly #all: readonly Fault[]

  constructor(endpoint: string, all: readonly Fault[], random: () => number) {
    const misfortune = atRandom(random, all)
    this.#all = all
    this.proxy = new FaultyProxy(endpoint, (request) =>
      misfortune(operationOf(request) || (request.method ?? '')),
    )
  }

  told(): string {
    const counts = [...this.proxy.counts].map(([fault, count]) => `${fault} ${count}`)
    return `${this.proxy.requests} requests; ${counts.join(', ')}`
  }

  /** A fault that was done to nobody proves nothing. */
  spared(): string[] {
    const spared = this.#all.filter((fault) => !this.proxy.counts.has(fault))
    return spared.map((fault) => `no request suffered "${fault}"`)
  }
}

interface Place {
  lake: Lake
  /** The same one, by a way that does not fail. */
  direct: Lake
  stream: StreamClient
  random: () => number
}

/** Everything goes by one lake, and is looked at by the other. */
async function deliver(place: Place, source: S3Source, url: string): Promise<Seen> {
  const { lake, direct, stream, random } = place
  const database = openPostgres(await emptied(url))
  try {
    await new Deliveries(lake, database, stream, random).run(source)
    return await lookAt(direct.store, database)
  } finally {
    await database.end()
  }
}

function differences(seen: Seen, wanted: Seen): string[] {
  const rows = new Set([...Object.keys(seen.rows), ...Object.keys(wanted.rows)])
  const wrong = [...rows].filter((place) => seen.rows[place] !== wanted.rows[place])
  const ends = (of: Seen) => new Map(of.ends.map((end) => [`${end.stage} ${end.object}`, end]))
  const [found, calm] = [ends(seen), ends(wanted)]
  const told = (end: unknown) => JSON.stringify(end)
  const other = [...new Set([...found.keys(), ...calm.keys()])].filter(
    (key) => told(found.get(key)) !== told(calm.get(key)),
  )
  return [
    ...wrong.map((place) => `${place}: ${seen.rows[place]}, calm: ${wanted.rows[place]}`),
    ...other.map((key) => `${key}: ${told(found.get(key))}, calm: ${told(calm.get(key))}`),
  ]
}

async function naive(trial: Trial): Promise<string[]> {
  const source = new StreamSource(join(trial.folder, 'lake'), 2, 800)
  const calm = new StreamSource(join(trial.folder, 'calm'), 2, 800)
  const before = await byNaive(calm, () => undefined)
  if (before.length > 0) throw new Error(`the naive one is wrong in calm: ${before}`)
  const misfortune = atRandom(trial.random, streamFaults)
  return byNaive(source, misfortune)
}

async function byNaive(
  source: StreamSource,
  misfortune: ReturnType<typeof atRandom>,
): Promise<string[]> {
  const kinesis = await startKinesis('faults')
  const proxy = new FaultyProxy(kinesis.endpoint, (request) => misfortune(operationOf(request)))
  const endpoint = await proxy.start()
  for (const what of ['publish', 'consume']) {
    const args = [what, source.lake, endpoint, 'faults']
    await startScript('faults/naive-consumer.ts', args, source.lake, '').ended
  }
  await Promise.all([proxy.stop(), kinesis.stop()])
  return judgeStream(source)
}
