import { randomUUID } from 'node:crypto'
import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import { type Cluster, makeCluster, removeCluster, urlOf } from './postgres-cluster.ts'
import { runningPort, startServer, stopServer } from './postgres-server.ts'
import { PATIENT_MS, tryLock, withLock } from './process-lock.ts'

export interface LocalPostgres {
  /** `postgresql://sluice:…@127.0.0.1:<port>/sluice`; also in the file `url` below the home. */
  url: string
  /** Leaves; the last one out stops the server. Doing it twice does nothing. */
  release(): Promise<void>
}

export interface LocalPostgresOptions {
  /** false: without fsync, for tests. Who starts the server decides for all. Default true. */
  durable?: boolean
  /** Told what is waited for, where that takes longer than a moment. */
  say?: (what: string) => void
}

/**
 * Postgres 17 for one machine, shared by all processes that name the same home: the first makes and
 * starts it, the others join, the last one out stops it. It outlives the process that started it,
 * so a crash takes it from nobody; whoever comes next joins it, or has it recover.
 *
 * @param home a folder, made when missing: `<lake>/.sluice`
 * @throws Error with the end of the server's log where it cannot start
 */
export async function localPostgres(
  home: string,
  options: LocalPostgresOptions = {},
): Promise<LocalPostgres> {
  await fs.mkdir(join(home, 'clients'), { recursive: true })
  // Processes may name the folder differently; the server is known by its one real path.
  const folder = await fs.realpath(home)
  const clients = join(folder, 'clients')
  const { durable = true, say = () => {} } = options
  const open = async () => {
    const cluster = await makeCluster(folder)
    const port = (await runningPort(cluster)) ?? (await startServer(cluster, durable))
    const leave = await enter(clients)
    return { url: urlOf(cluster, port), release: once(() => release(folder, cluster, leave)) }
  }
  const starts = `waiting for the Postgres of this lake to take connections; its log: ${home}/`
  return withLock(
    join(folder, 'lock'),
    () => telling(say, `${starts}postgres.log`, open()),
    () => say('waiting for another process that starts or stops the Postgres of this lake'),
  )
}

/** Says what is waited for, where it takes longer than a moment. */
async function telling<T>(say: (what: string) => void, what: string, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => say(what), PATIENT_MS)
  try {
    return await work
  } finally {
    clearTimeout(timer)
  }
}

/** Removes all that a home keeps, data included. Nobody may be using it. */
export async function removeLocalPostgres(home: string): Promise<void> {
  await removeCluster(home)
  await fs.rm(home, { recursive: true, force: true })
}

/** A client is a file that its process holds locked for as long as it lives. */
async function enter(clients: string): Promise<() => Promise<void>> {
  const file = join(clients, randomUUID())
  const unlock = tryLock(file)
  if (!unlock) throw new Error(`${file} is locked by another process; run the command again`)
  return async () => {
    unlock()
    await fs.rm(file, { force: true })
  }
}

async function release(folder: string, cluster: Cluster, leave: () => Promise<void>) {
  await withLock(join(folder, 'lock'), async () => {
    await leave()
    if (!(await someoneIsIn(join(folder, 'clients')))) await stopServer(cluster)
  })
}

async function someoneIsIn(clients: string): Promise<boolean> {
  for (const name of await fs.readdir(clients)) {
    const unlock = tryLock(join(clients, name))
    if (!unlock) return true
    unlock()
    await fs.rm(join(clients, name), { force: true })
  }
  return false
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= work()
    return done
  }
}
