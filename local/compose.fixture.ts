import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { S3 } from '@aws-sdk/client-s3'
import pg from 'pg'
import type { Database } from '../core/database/database.ts'
import { openPostgres } from '../core/database/postgres.ts'
import { openLake } from '../core/lake.ts'
import { eventually } from './deployed.fixture.ts'
import { endsOf, lookAt, type Seen } from './outside.fixture.ts'

const run = promisify(execFile)
const root = dirname(import.meta.dirname)

/** The engine's own client; a wrapper of that name may stand before it on the path. */
export const docker = fs.existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker'

/** Whether a Docker engine and compose answer; where none does, that is told. */
export function hasDocker(): boolean {
  const has = ['version', 'compose version'].every((asked) => {
    return spawnSync(docker, asked.split(' '), { stdio: 'ignore' }).status === 0
  })
  if (!has) console.warn('SKIPPED: docker compose, as no Docker engine with compose answers')
  return has
}

/** Who owns the folder that compose is run in. */
export const OWNER = process.getuid?.() === 0 ? 4321 : (process.getuid?.() ?? 0)

/** The repository as somebody has cloned it, and its services. */
export class Project {
  readonly folder: string
  readonly name: string
  readonly profile: 's3' | 'folder'
  readonly #ports: { db: number; s3: number; console: number }
  #database: Database | undefined

  private constructor(
    profile: 's3' | 'folder',
    ports: { db: number; s3: number; console: number },
  ) {
    this.name = `sluice-${randomBytes(4).toString('hex')}`
    this.folder = fs.mkdtempSync(join(tmpdir(), `${this.name}-`))
    this.profile = profile
    this.#ports = ports
  }

  /** @param sample whether the lake has the sample's packages; else it is empty */
  static async clone(profile: 's3' | 'folder', sample: boolean): Promise<Project> {
    const project = new Project(profile, {
      ...{ db: await freePort(), s3: await freePort(), console: await freePort() },
    })
    const args = ['ls-files', '-co', '--exclude-standard']
    const tracked = execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n')
    for (const path of tracked.filter((one) => one && fs.existsSync(join(root, one)))) {
      if (!sample && /^data\/.*\.(csv|ndjson|gz|yaml)$/.test(path)) continue
      fs.mkdirSync(dirname(join(project.folder, path)), { recursive: true })
      fs.cpSync(join(root, path), join(project.folder, path), { preserveTimestamps: true })
    }
    for (const room of ['bronze', 'streaming']) {
      fs.mkdirSync(join(project.data, room), { recursive: true })
    }
    project.own()
    return project
  }

  /** What a test of root's has made belongs to whoever runs compose. */
  own(): void {
    const owner = `${OWNER}:${OWNER}`
    if (process.getuid?.() === 0) execFileSync('chown', ['-R', '--from=0', owner, this.folder])
  }

  get data(): string {
    return join(this.folder, 'data')
  }

  get url(): string {
    return `postgres://sluice:sluice@127.0.0.1:${this.#ports.db}/sluice`
  }

  /** Connected anew after `down`. */
  get database(): Database {
    this.#database ??= openPostgres(this.url)
    return this.#database
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#ports.s3}`
  }

  /** The console's whole address, as its log has it. */
  async console(): Promise<URL> {
    const log = await this.compose('logs', '--no-log-prefix', 'console')
    const told = [...log.matchAll(/Console: (http:\S+)/g)].at(-1)
    if (!told) throw new Error(`the console tells no address: ${log}`)
    return new URL(told[1]!)
  }

  /** LocalStack's S3. */
  get s3(): S3 {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
    const place = { endpoint: this.endpoint, region: 'us-east-1', credentials }
    return new S3({ ...place, forcePathStyle: true })
  }

  /** What is to be seen of the folder lake, which its services know by another name. */
  look(): Promise<Seen> {
    return lookAt(openLake(this.data).store, this.database, 'file:///data')
  }

  /** `docker compose …`. @returns what it told on stdout */
  async compose(...args: string[]): Promise<string> {
    // `s3` is what .env says.
    const chosen = this.profile === 's3' ? [] : ['--profile', this.profile]
    const env = {
      ...process.env,
      DB_PORT: String(this.#ports.db),
      LOCALSTACK_PORT: String(this.#ports.s3),
      CONSOLE_PORT: String(this.#ports.console),
    }
    const all = ['compose', '-p', this.name, ...chosen, ...args]
    const { stdout } = await run(docker, all, { cwd: this.folder, env, maxBuffer: 1 << 26 })
    return stdout
  }

  async up(...args: string[]): Promise<void> {
    try {
      await this.compose('up', '--build', '--wait', '--detach', ...args)
    } catch (error) {
      const logs = await this.compose('logs', '--no-color', '--tail', '30').catch(() => '')
      throw new Error(`${(error as { stderr?: string }).stderr}\n${logs}`, { cause: error })
    }
  }

  async down(...args: string[]): Promise<void> {
    await this.#database?.end()
    this.#database = undefined
    await this.compose('down', ...args)
  }

  /** The ids of a service's containers. */
  async containers(service: string): Promise<string[]> {
    return (await this.compose('ps', '-a', '-q', service)).split('\n').filter(Boolean)
  }

  /** What `docker inspect` tells of a service's first container, by a template of Go's. */
  async inspect(service: string, template: string): Promise<string> {
    const [id = ''] = await this.containers(service)
    const { stdout } = await run(docker, ['inspect', '-f', template, id])
    return stdout.trim()
  }

  /**
   * Ends the main process of a service's container, as the kernel would that is out of memory: a
   * container that `docker kill` has ended is not started again by its policy.
   */
  async kill(service: string): Promise<void> {
    const pid = Number(await this.inspect(service, '{{.State.Pid}}'))
    if (pid > 0) process.kill(pid, 'SIGKILL')
  }

  /** Rows of one statement; the server may have been away. */
  async ask(sql: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client(this.url)
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query(sql)).rows
    } finally {
      await client.end()
    }
  }

  /** Waits until so many objects of the folder lake are loaded, and no other, in every stage. */
  async loaded(objects: number, streamed = 0, seconds = 120): Promise<void> {
    await eventually(async () => {
      const ends = await endsOf(openLake(this.data).store, this.database, 'file:///data')
      const counts = ['raw-ingestion', 'silver', 'streaming'].map((stage) => {
        return ends.filter((end) => end.stage === stage && end.status === 'loaded').length
      })
      const wanted = [objects, objects, streamed]
      if (counts.join() !== wanted.join()) throw new Error(`${counts.join()}, not yet ${wanted}`)
    }, seconds)
  }

  /** Ends it with all that it has made: volumes, images, folder. */
  async remove(): Promise<void> {
    await this.down('-v', '--rmi', 'local', '--timeout', '1', '--remove-orphans')
    fs.rmSync(this.folder, { recursive: true, force: true })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}
