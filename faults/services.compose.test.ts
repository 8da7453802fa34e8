import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { S3 } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { hasDocker, Project } from '../local/compose.fixture.ts'
import { eventually } from '../local/deployed.fixture.ts'
import { judge } from './judge.ts'
import { seeded } from './random.ts'
import { Source } from './source.ts'
import { judgeStream, StreamSource } from './stream-source.ts'

/**
 * The services of docker-compose.yml, killed while they work. The whole proof: `SLUICE_ROUNDS=3
 * SLUICE_CRASH_OBJECTS=200 SLUICE_CRASH_ROWS=1000000 npx vitest run faults/services`
 */
const rounds = Number(process.env.SLUICE_ROUNDS ?? 1)
const objects = Number(process.env.SLUICE_CRASH_OBJECTS ?? 40)
const rows = Number(process.env.SLUICE_CRASH_ROWS ?? 100_000)
const seed = Number(process.env.SLUICE_SEED ?? Math.floor(Math.random() * 1e9))
const streamed = 10
const timeout = 300_000 + rounds * (60_000 + rows / 5)
const all = ['db', 'raw-ingestion', 'silver', 'streaming', 'publisher']

describe.skipIf(!hasDocker())(`services that are killed (seed ${seed})`, () => {
  test(
    'every row of the folder and of the bucket is there once, and nobody does anything for it',
    async () => {
      await using place = await started('s3')
      const { project } = place
      const [folder, bucket] = [
        new Source(project.data, 'lines', objects, rows),
        new Source(mkdtempSync(join(tmpdir(), 'sluice-bucket-')), 'rows', objects, rows),
      ]
      const stream = new StreamSource(project.data, streamed, rows / 10)
      project.own()
      const { s3 } = project
      const kills = killEach(project, () => folder.rewrite(0))
      await upload(s3, bucket.lake, objects)
      await kills
      const loaded = inBucket(project, s3, bucket.lake)
      await Promise.all([project.loaded(objects, streamed, 300), loaded])
      expect(await judge(bucket, project.url)).toEqual([])
      expect(await findings(project, folder, stream)).toEqual([])
      bucket.remove()
    },
    timeout,
  )

  test(
    'three of raw-ingestion and three of silver do what one does',
    async () => {
      await using place = await started('folder', 'raw-ingestion=3', 'silver=3')
      const { project } = place
      const source = new Source(project.data, 'lines', objects, rows)
      project.own()
      await project.loaded(objects, 0, 240)
      expect(await judge(source, project.url)).toEqual([])
      for (const service of ['raw-ingestion', 'silver']) {
        const logs = await project.compose('logs', '--no-color', service)
        const workers = new Set(logs.match(/^\S+(?=\s+\|.*: loaded)/gm))
        expect(workers.size, service).toBeGreaterThan(1)
      }
    },
    timeout,
  )
})

/** Services over an empty lake. */
async function started(profile: 'folder' | 's3', ...scales: string[]) {
  const project = await Project.clone(profile, false)
  await project.up(...scales.flatMap((scale) => ['--scale', scale]))
  return { project, [Symbol.asyncDispose]: () => project.remove() }
}

/** Each service's main process at a random moment of its work, one after the other. */
async function killEach(project: Project, change: () => void): Promise<void> {
  const random = seeded(seed)
  const killed: string[] = []
  for (let round = 0; round < rounds; round++) {
    for (const service of all.toSorted(() => random() - 0.5)) {
      await sleep(200 + 2_800 * random())
      if (random() < 0.3) change()
      await project.kill(service)
      killed.push(service)
    }
  }
  process.stderr.write(`seed ${seed}, ${rows} rows, killed ${killed.join(', ')}\n`)
}

/** A moment may pass until what a dead writer left is buried, and until windows are closed. */
async function findings(project: Project, source: Source, stream: StreamSource) {
  const look = async () => [
    ...(await judge(source, project.url)),
    ...(await judgeStream(stream)),
    ...(await project.ask(`SELECT key FROM sluice.objects WHERE status <> 'loaded'`)),
  ]
  return eventually(async () => {
    const found = await look()
    if (found.length > 0) throw new Error(found.map(String).join('\n'))
    return found
  }, 240).catch(look)
}

async function upload(s3: S3, folder: string, objects: number): Promise<void> {
  const put = (path: string) => {
    const key = `bronze/kill/${path}`
    return s3.putObject({ Bucket: 'lake', Key: key, Body: readFileSync(join(folder, key)) })
  }
  await put('datapackage.json')
  await Promise.all(Array.from({ length: objects }, (_, k) => put(`rows/${k}.csv`)))
}

/** Waits until all of the bucket's objects are committed; the folder has its Silver then. */
async function inBucket(project: Project, s3: S3, folder: string): Promise<void> {
  await eventually(async () => {
    const loaded = await project.ask(
      `SELECT key FROM sluice.objects WHERE lake = 's3://lake' AND status = 'loaded'`,
    )
    const found = await download(s3, 'silver/', folder)
    const records = found.filter((key) => key.includes('/_manifests/'))
    const open = records.filter((key) => !isCommitted(join(folder, key)))
    if (loaded.length === objects && records.length === objects && open.length === 0) return
    throw new Error(`${loaded.length} and ${records.length}, of which ${open.length} are open`)
  }, 300)
  // What was listed a moment ago may have been replaced meanwhile.
  rmSync(join(folder, 'silver'), { recursive: true })
  for (const made of ['silver/', 'quarantine/']) await download(s3, made, folder)
}

async function download(s3: S3, Prefix: string, folder: string): Promise<string[]> {
  const { Contents = [] } = await s3.listObjectsV2({ Bucket: 'lake', Prefix })
  for (const { Key = '' } of Contents) {
    const { Body } = await s3.getObject({ Bucket: 'lake', Key })
    mkdirSync(dirname(join(folder, Key)), { recursive: true })
    writeFileSync(join(folder, Key), (await Body?.transformToByteArray()) ?? '')
  }
  return Contents.map(({ Key = '' }) => Key)
}

/** Nobody is at it, and nothing is to be buried. */
function isCommitted(path: string): boolean {
  const { state, writing, garbage } = JSON.parse(readFileSync(path, 'utf8'))
  return state?.status === 'loaded' && !writing && garbage.length === 0
}
