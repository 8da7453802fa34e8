import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Running, startScript, startSluice } from './command.ts'
import { CrashingServer } from './crashing-server.ts'
import type { Experiment, Trial } from './experiment.ts'
import { judge, judgeLedger, judgeSilver } from './judge.ts'
import { Source } from './source.ts'

const restarts = { short: 2, whole: 20, long: 100 }
/** Seconds; what fails is told after some four. */
const away = { short: 6, whole: 60, long: 600 }
const rows = { short: 60_000, whole: 200_000, long: 500_000 }
const OBJECTS = 2
/** What fails is tried again every five seconds. */
const SETTLED_MS = 90_000

export const database: Experiment = {
  name: 'database',
  title:
    'Postgres is not there when `sluice start` begins, crashes in the middle of a COPY ' +
    'again and again, and is away for a minute.',
  promise: 'every row is there once when it is back, without anybody; Parquet does not wait for it',
  limit: { short: 5, whole: 12, long: 90 },
  run: (trial) => onServer(trial, run),
  naive: (trial) => onServer(trial, naive),
}

type Part = (trial: Trial, server: CrashingServer) => Promise<string[]>

async function onServer(trial: Trial, part: Part): Promise<string[]> {
  const server = await CrashingServer.start(trial.folder)
  try {
    return await part(trial, server)
  } finally {
    await server.remove()
  }
}

async function run(trial: Trial, server: CrashingServer): Promise<string[]> {
  const { folder, size, random, signal, say } = trial
  const source = new Source(join(folder, 'lake'), 'lines', OBJECTS, rows[size])
  const findings: string[] = []
  await server.crash()
  const sluice = startSluice(source.lake, server.url, '--no-console')
  await sleep(2_000)
  if (sluice.child.exitCode !== null) return [`it ended with ${sluice.child.exitCode}`]
  await server.comeBack()

  for (let crashed = 0; crashed < restarts[size]; crashed++) {
    signal.throwIfAborted()
    if (crashed % 2 === 1) source.rewrite(Math.floor(random() * OBJECTS))
    await untilCopy(trial, server.url, source)
    await sleep(random() * 100)
    await server.crash()
    await sleep(random() * 500)
    await server.comeBack()
    trial.note('crashes within a COPY', crashed + 1)
    say(`crash ${crashed + 1} of ${restarts[size]}`)
  }
  findings.push(...(await untilRight(trial, () => judge(source, server.url))))

  await server.crash()
  const began = performance.now()
  source.rewrite(0)
  findings.push(...(await untilRight(trial, () => judgeSilver(source))))
  await sleep(away[size] * 1_000 - (performance.now() - began))
  if (!sluice.lines.some(saysThatItIsAway)) findings.push('nobody was told that it is away')
  await server.comeBack()
  trial.note('away', `${away[size]} s`)
  const back = performance.now()
  findings.push(...(await untilRight(trial, () => judge(source, server.url))))
  trial.note('right again after', `${Math.round((performance.now() - back) / 1_000)} s`)
  return [...findings, ...(await endOf(sluice, source, server.url))]
}

function saysThatItIsAway({ stage, status, reason = '' }: Running['lines'][number]): boolean {
  const isTold = stage === 'raw-ingestion' && status === 'failed'
  return isTold && /ECONNREFUSED|terminat|reset/i.test(reason)
}

/** Until Postgres itself says that it takes rows; where all are in already, they come anew. */
async function untilCopy({ signal }: Trial, url: string, source: Source): Promise<void> {
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect()
  for (let looks = 1; ; looks++) {
    const { rowCount } = await client.query(`SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND state = 'active' AND query LIKE 'COPY "kill"%'`)
    if (rowCount) break
    if (looks % 2_000 === 0) source.rewrite(0)
    await sleep(5, undefined, { signal })
  }
  await client.end()
}

/** @returns what is still wrong after a while */
async function untilRight({ signal }: Trial, look: () => Promise<string[]>): Promise<string[]> {
  for (const end = performance.now() + SETTLED_MS; ; await sleep(500, undefined, { signal })) {
    const findings = await look().catch((error: Error) => [error.message])
    if (findings.length === 0 || performance.now() > end) return findings
  }
}

async function endOf({ child, ended }: Running, source: Source, url: string): Promise<string[]> {
  child.kill('SIGINT')
  const code = await ended
  const findings = [...(await judge(source, url)), ...(await judgeLedger(source, url))]
  return code === 0 ? findings : [...findings, `it ended with ${code}`]
}

/** It begins again where the connection breaks, as it should. */
async function naive({ folder }: Trial, server: CrashingServer): Promise<string[]> {
  const source = new Source(join(folder, 'lake'), 'lines', 1, 60_000)
  const { lake } = source
  const loader = startScript('faults/naive-loader.ts', [lake], lake, server.url)
  const client = new pg.Client(server.url)
  client.on('error', () => {})
  await client.connect()
  const count = () => client.query('SELECT FROM kill.lines LIMIT 1').catch(() => undefined)
  while (!(await count())?.rowCount && loader.child.exitCode === null) await sleep(2)
  await server.crash()
  await server.comeBack()
  await loader.ended
  return judge(source, server.url)
}
