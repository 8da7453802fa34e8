import { execFile, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import * as fs from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type Cluster, urlOf } from './postgres-cluster.ts'
import { onlyIfThere, writeWhole } from './private-file.ts'

/** Recovery of a big crash takes its time; a server that says nothing for longer is given up. */
const startMs = 60_000
const stopMs = 60_000
/** A server killed by force leaves children that hold its memory for a moment. */
const tries = 20

/** Sized for a laptop: one server, bulk loads, no replication, nothing reachable from outside. */
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '128MB',
  max_wal_size: '4GB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

const notDurable = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }

/** What Postgres says of itself in `postmaster.pid`. */
interface Postmaster {
  pid: number
  port: number
  status: string
}

/** The port of the cluster's server, once it takes connections; undefined where none is running. */
export async function runningPort(cluster: Cluster): Promise<number | undefined> {
  const deadline = Date.now() + startMs
  while (Date.now() < deadline) {
    const server = await postmaster(cluster)
    if (!server || !(await isOurs(server.pid, cluster))) return undefined
    if (server.status === 'ready') return server.port
    await sleep(5)
  }
  throw new Error(`Postgres in ${cluster.data} does not get ready; see ${logOf(cluster)}`)
}

/**
 * Starts the server as a process of its own, which lives on when this one ends.
 *
 * @returns its port: the one it had before where that is free, so that people's URLs stay true
 */
export async function startServer(cluster: Cluster, durable: boolean): Promise<number> {
  await dropForeignPidFile(cluster)
  for (let left = tries; left > 0; left--) {
    const port = await freePort(await portBefore(cluster))
    await launch(cluster, port, durable)
    if ((await runningPort(cluster)) === port) {
      await writeWhole(join(cluster.home, 'url'), urlOf(cluster, port))
      return port
    }
    await sleep(250)
  }
  const log = await fs.readFile(logOf(cluster), 'utf8')
  throw new Error(`Postgres does not start; ${logOf(cluster)} ends with:\n${log.slice(-2_000)}`)
}

/** Ends the server (fast: sessions are cut off, data is written) and waits for its end. */
export async function stopServer(cluster: Cluster): Promise<void> {
  const server = await postmaster(cluster)
  if (!server || !(await isOurs(server.pid, cluster))) return
  process.kill(server.pid, 'SIGINT')
  const deadline = Date.now() + stopMs
  while (await isOurs(server.pid, cluster)) {
    if (Date.now() > deadline) throw new Error(`Postgres (pid ${server.pid}) does not stop`)
    await sleep(5)
  }
}

async function postmaster(cluster: Cluster): Promise<Postmaster | undefined> {
  const text = await onlyIfThere(fs.readFile(join(cluster.data, 'postmaster.pid'), 'utf8'))
  const lines = text?.split('\n')
  if (!lines?.[0]) return undefined
  return { pid: Number(lines[0]), port: Number(lines[3]), status: (lines[7] ?? '').trim() }
}

/** Whether the process is this cluster's server: after a crash its number may be another's. */
async function isOurs(pid: number, cluster: Cluster): Promise<boolean> {
  return (await commandLine(pid)).includes(` -D ${cluster.data} -c `)
}

/** A dead process has none, and neither has one that is dead but not yet collected. */
async function commandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    const words = await onlyIfThere(fs.readFile(`/proc/${pid}/cmdline`, 'utf8'))
    return words?.replaceAll('\0', ' ') ?? ''
  }
  const ps = promisify(execFile)('ps', ['-ww', '-o', 'args=', '-p', String(pid)])
  return ps.then(
    ({ stdout }) => stdout,
    () => '',
  )
}

/**
 * Postgres refuses to start while the number in its pid file is in use, even by another program or
 * by a dead one that nobody collects. A file whose number is free is left: by it Postgres itself
 * sees whether children of that server live on, which we else have to see for it.
 */
async function dropForeignPidFile(cluster: Cluster): Promise<void> {
  const server = await postmaster(cluster)
  if (!server || !isInUse(server.pid)) return
  const deadline = Date.now() + stopMs
  while (await someoneWorksIn(cluster.data)) {
    if (Date.now() > deadline) throw new Error(`children of a dead Postgres use ${cluster.data}`)
    await sleep(50)
  }
  await fs.rm(join(cluster.data, 'postmaster.pid'), { force: true })
}

function isInUse(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Every process of a Postgres server has the data folder as its working directory. */
async function someoneWorksIn(data: string): Promise<boolean> {
  if (process.platform !== 'linux') return false
  for (const pid of await fs.readdir('/proc')) {
    const cwd = /^\d+$/.test(pid) && fs.readlink(`/proc/${pid}/cwd`)
    if (cwd && (await cwd.catch(() => '')) === data) return true
  }
  return false
}

async function launch(cluster: Cluster, port: number, durable: boolean): Promise<void> {
  const chosen = { ...settings, ...(durable ? {} : notDurable), port: String(port) }
  const flags = Object.entries(chosen).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const log = await fs.open(logOf(cluster), 'a', 0o600)
  const env = { ...process.env, LC_ALL: 'C' }
  const child = spawn(join(cluster.bin, 'postgres'), ['-D', cluster.data, ...flags], {
    ...cluster.user,
    cwd: '/',
    env,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  })
  child.unref()
  let failure: Error | undefined
  child.once('error', (error) => {
    failure = error
  })
  // Until the server has written its pid file, nobody else could tell that it is there.
  while (
    child.exitCode === null &&
    child.signalCode === null &&
    (await postmaster(cluster))?.pid !== child.pid
  ) {
    if (failure) throw failure
    await sleep(2)
  }
  await log.close()
}

/**
 * A new server gets a port below those that the system hands out (from 32,768 on Linux): while it
 * is down for a moment, no connection of another program's takes its place.
 */
async function portBefore(cluster: Cluster): Promise<number> {
  const url = await onlyIfThere(fs.readFile(join(cluster.home, 'url'), 'utf8'))
  return url ? Number(new URL(url).port) : 20_000 + randomInt(10_000)
}

/** The wanted port, or any other where it is taken. */
async function freePort(wanted: number): Promise<number> {
  return new Promise((found, failed) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) =>
      wanted !== 0 && error.code === 'EADDRINUSE' ? found(freePort(0)) : failed(error),
    )
    probe.listen(wanted, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => found(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

function logOf(cluster: Cluster): string {
  return join(cluster.home, 'postgres.log')
}
