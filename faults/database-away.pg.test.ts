import { mkdtempSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { removeLocalPostgres } from '../local/postgres.ts'
import { type Cluster, makeCluster, urlOf } from '../local/postgres-cluster.ts'
import { runningPort, startServer, stopServer } from '../local/postgres-server.ts'
import { type Running, startSluice } from './command.ts'
import { judge, judgeLedger } from './judge.ts'
import { Source } from './source.ts'

let home: string
let cluster: Cluster
let server: string

// Durable: a crash must not take what was committed, or there is nothing to come back to.
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'sluice-away-'))
  cluster = await makeCluster(home)
  server = urlOf(cluster, await startServer(cluster, true))
})

afterAll(async () => {
  await stopServer(cluster)
  await removeLocalPostgres(home)
})

it('a database that goes while sluice watches: failed, then taken up when it is back', async () => {
  const { source, url } = await newPlace('rows')
  const run = startSluice(source.lake, url)
  await told(run, 'raw-ingestion', 'loaded')
  await told(run, 'silver', 'loaded')

  await crashServer()
  source.rewrite(0)
  await told(run, 'silver', 'loaded', 2)
  const failed = await told(run, 'raw-ingestion', 'failed')
  expect(failed.reason).toMatch(/ECONNREFUSED|terminat/)

  expect(await startServer(cluster, true)).toBe(Number(new URL(server).port))
  await told(run, 'raw-ingestion', 'loaded', 2)
  await endsWell(run, source, url)
}, 120_000)

it('a database that is not there yet at the start is waited for', async () => {
  const { source, url } = await newPlace('lines')
  await crashServer()
  const run = startSluice(source.lake, url)
  await sleep(3_000)
  expect(run.child.exitCode).toBeNull()
  await startServer(cluster, true)
  await told(run, 'raw-ingestion', 'loaded')
  await told(run, 'silver', 'loaded')
  await endsWell(run, source, url)
})

/** A lake of one object, and a database of its own on the server that goes away. */
async function newPlace(dataset: 'lines' | 'rows'): Promise<{ source: Source; url: string }> {
  const client = new pg.Client(server)
  await client.connect()
  await client.query(`CREATE DATABASE of_${dataset}`)
  await client.end()
  const url = new URL(server)
  url.pathname = `/of_${dataset}`
  const lake = mkdtempSync(join(tmpdir(), 'sluice-away-lake-'))
  return { source: new Source(lake, dataset, 1, 1_000), url: url.href }
}

/** As `pg_ctl stop -m immediate`: no goodbye, no checkpoint. */
async function crashServer(): Promise<void> {
  const text = await readFile(join(cluster.data, 'postmaster.pid'), 'utf8')
  process.kill(Number(text.split('\n')[0]), 'SIGQUIT')
  while ((await runningPort(cluster)) !== undefined) await sleep(20)
}

/** The n-th line of that stage and status. */
async function told({ lines, child }: Running, stage: string, status: string, n = 1) {
  for (const end = performance.now() + 50_000; ; ) {
    const found = lines.filter((line) => line.stage === stage && line.status === status)[n - 1]
    if (found) return found
    if (performance.now() > end)
      throw new Error(
        `no ${status}, only ${lines.map((l) => `${l.stage} ${l.status} ${l.reason ?? ''}`)}`,
      )
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
    await sleep(20)
  }
}

async function endsWell(run: Running, source: Source, url: string): Promise<void> {
  run.child.kill('SIGINT')
  expect(await run.ended).toBe(0)
  expect([...(await judge(source, url)), ...(await judgeLedger(source, url))]).toEqual([])
  source.remove()
}
