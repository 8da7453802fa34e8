import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { localPostgres, removeLocalPostgres } from './postgres.ts'
import { tryLock } from './process-lock.ts'

let folder: string
let home: string
const children: ChildProcess[] = []

beforeEach(async () => {
  // mkdtemp makes a folder that only its owner may enter: as root, the server's user may not.
  folder = await fs.mkdtemp(join(tmpdir(), 'sluice-'))
  home = join(folder, '.sluice')
})

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await (await localPostgres(home)).release()
  await removeLocalPostgres(home)
  await fs.rm(folder, { recursive: true })
})

it('is shared by processes, and stops when the last one leaves', async () => {
  const [one, two] = await Promise.all([member(), member()])
  expect(one.url).toBe(two.url)
  await one.leave()
  expect(await ask(two.url, 'SELECT 1 AS it')).toEqual([{ it: 1 }])
  await two.leave()
  expect(await answers(two.url)).toBe(false)
})

it('keeps what was written, under the same url, over a stop and a start', async () => {
  const before = await localPostgres(home)
  await ask(before.url, 'CREATE TABLE kept AS SELECT 7 AS it')
  await before.release()
  await before.release()
  const after = await localPostgres(home)
  expect(after.url).toBe(before.url)
  expect(await ask(after.url, 'SELECT it FROM kept')).toEqual([{ it: 7 }])
  await after.release()
})

it('outlives the process that started it, and does not count the dead', async () => {
  const starter = await member()
  const joined = await localPostgres(home)
  await kill(starter.child)
  expect(await ask(joined.url, 'SELECT 1 AS it')).toEqual([{ it: 1 }])
  await joined.release()
  expect(await answers(joined.url)).toBe(false)
})

it('stays up when everybody was killed, and is joined by who comes next', async () => {
  const only = await member()
  await kill(only.child)
  expect(await answers(only.url)).toBe(true)
  const next = await localPostgres(home)
  expect(next.url).toBe(only.url)
  await next.release()
  expect(await answers(next.url)).toBe(false)
})

it('is not left without its database by a Ctrl-C while it is made', async () => {
  const making = localPostgres(home).then(
    ({ release }) => release(),
    (error: Error) => expect(error.message).toMatch(/canceling statement due to user request/),
  )
  // The terminal gives it to all of its programs: this one goes on without what it was told.
  const asks = ['-P', String(process.pid), '-f', '--', '--single']
  const find = () => spawnSync('pgrep', asks, { encoding: 'utf8' }).stdout.trim()
  for (let at = Date.now(), pid = ''; pid === '' && Date.now() < at + 30_000; ) {
    await sleep(2)
    pid = find()
    if (pid === '') continue
    // It is past its own start, and makes the database.
    await sleep(30)
    process.kill(Number(pid), 'SIGINT')
  }
  await making
  const next = await localPostgres(home)
  expect(await ask(next.url, 'SELECT 1 AS it')).toEqual([{ it: 1 }])
  await next.release()
})

it('recovers when the server itself was killed', async () => {
  const before = await localPostgres(home)
  await ask(before.url, 'CREATE TABLE kept AS SELECT 7 AS it')
  const [server] = (await fs.readFile(join(await dataFolder(), 'postmaster.pid'), 'utf8')).split(
    '\n',
  )
  process.kill(Number(server), 'SIGKILL')
  // Until then it is there, and its port answers.
  await expect.poll(() => isThere(Number(server))).toBe(false)
  const after = await localPostgres(home)
  expect(await ask(after.url, 'SELECT it FROM kept')).toEqual([{ it: 7 }])
  await Promise.all([before.release(), after.release()])
})

it('starts although a crash left a pid file whose number is now another program', async () => {
  await (await localPostgres(home)).release()
  const lines = [process.pid, await dataFolder(), 0, 1, '', '127.0.0.1', '', 'ready', '']
  await fs.writeFile(join(await dataFolder(), 'postmaster.pid'), lines.join('\n'))
  const next = await localPostgres(home)
  expect(await ask(next.url, 'SELECT 1 AS it')).toEqual([{ it: 1 }])
  await next.release()
})

it('takes another port where its own was taken meanwhile', async () => {
  const before = await localPostgres(home)
  await before.release()
  const where = `${new URL(before.url).port}, '127.0.0.1'`
  const program = `net.createServer().listen(${where}, () => console.log('there'))`
  const squatter = spawn(process.execPath, ['-e', program])
  children.push(squatter)
  await once(squatter.stdout, 'data')
  const after = await localPostgres(home)
  expect(new URL(after.url).port).not.toBe(new URL(before.url).port)
  expect(await ask(after.url, 'SELECT 1 AS it')).toEqual([{ it: 1 }])
  await after.release()
})

it('says what it waits for, where another process has the folder', async () => {
  const told: string[] = []
  const say = (what: string) => told.push(what)
  await fs.mkdir(home)
  const release = tryLock(join(home, 'lock'))!
  const waiting = localPostgres(home, { say })
  await expect
    .poll(() => told, { timeout: 10_000 })
    .toEqual(['waiting for another process that starts or stops the Postgres of this lake'])
  release()
  await (await waiting).release()
})

/** Another process that joins, and leaves when it is told to. */
async function member(): Promise<{ url: string; child: ChildProcess; leave(): Promise<void> }> {
  const program = `
    import { localPostgres } from ${JSON.stringify(join(import.meta.dirname, 'postgres.ts'))}
    const { url, release } = await localPostgres(${JSON.stringify(home)})
    console.log(url)
    process.stdin.once('data', () => release().then(() => process.exit()))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  const [url] = await once(child.stdout, 'data')
  const leave = async () => {
    child.stdin.write('leave')
    await once(child, 'exit')
  }
  return { url: String(url).trim(), child, leave }
}

async function kill(child: ChildProcess) {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect()
  const { rows } = await client.query(sql)
  await client.end()
  return rows
}

async function answers(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const answer = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false)
  socket.destroy()
  return answer
}

async function dataFolder(): Promise<string> {
  const id = await fs.readFile(join(home, 'id'), 'utf8').catch(() => undefined)
  return id ? join('/var/lib/sluice', id, 'postgres') : join(home, 'postgres')
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
