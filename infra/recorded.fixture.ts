import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { matchesGlob } from 'node:path'
import { FaultyProxy } from '../faults/proxy.ts'
import { bundleFor } from './bundles.ts'
import { dataApi, type Need, needsOf, type Places, type Sent } from './policy.fixture.ts'
import type { Settings } from './settings.ts'
import type { TestStack } from './stack.fixture.ts'

/** The functions of the stack by the name of their role, and the bundle of each. */
export const bundleOf = {
  RawIngestion: 'raw-ingestion',
  Silver: 'silver',
  Publish: 'streaming',
  StreamAppend: 'streaming',
  Maintenance: 'maintenance',
  Setup: 'setup',
}
export type Role = keyof typeof bundleOf
export const architecture: Settings['architecture'] = process.arch === 'arm64' ? 'arm64' : 'x86_64'

/** What Lambda's runtime does, with a clock that may go before: it asks for the bundle alone. */
const runtime = `
const [, folder, handler] = process.argv
const Now = Date
let ahead = 0
globalThis.Date = class extends Now {
  constructor(...parts) { super(...(parts.length > 0 ? parts : [Date.now()])) }
  static now() { return Now.now() + ahead }
}
const bundle = await import(folder + '/index.mjs')
process.on('message', async (asked) => {
  ahead = asked.ahead
  const invocation = { getRemainingTimeInMillis: () => 600_000 }
  const end = await bundle[handler](asked.event, invocation).then(
    (answer = null) => ({ answer }), (error) => ({ fault: error.stack }))
  process.send(end)
})
process.on('disconnect', () => process.exit())`

/** A deployed function: its bundle, with the environment of the template, and what it asks for. */
export class RecordedFunction {
  readonly role: Role
  /** What its work needs, and what its check does. */
  readonly needs = { work: new Set<Need>(), check: new Set<Need>() }
  readonly #stack: TestStack
  readonly #places: Places
  readonly #proxy: FaultyProxy
  /** Where there is a Data API (`DataApi` of the places), which has an endpoint of its own. */
  readonly #dataApi: FaultyProxy | undefined
  readonly #sent: Sent[] = []
  #loses: string[] = []
  #endpoint = ''
  #database = ''
  #process: ChildProcess | undefined

  constructor(stack: TestStack, role: Role, places: Places) {
    this.role = role
    this.#stack = stack
    this.#places = places
    const { AWS_ENDPOINT_URL = '' } = process.env
    const proxyOf = (upstream: string) =>
      new FaultyProxy(
        upstream,
        (request) => this.#misfortune(request),
        (request, body, status) => this.#sent.push(sentOf(request, body, status)),
      )
    this.#proxy = proxyOf(AWS_ENDPOINT_URL)
    this.#dataApi = places.DataApi ? proxyOf(places.DataApi) : undefined
  }

  /**
   * The next PUT (or POST that ends an upload) of a key like this is done, and its answer lost; of
   * several, each once.
   *
   * @param keys globs
   */
  lose(...keys: string[]): void {
    this.#loses.push(...keys)
  }

  /** What was to be lost, and was not. */
  get kept(): string[] {
    return this.#loses
  }

  #misfortune({ method = '', url = '' }: IncomingMessage) {
    const { pathname, searchParams } = new URL(url, 'http://s3')
    const ends = method === 'POST' && searchParams.has('uploadId')
    if (!ends && (method !== 'PUT' || searchParams.has('partNumber'))) return undefined
    const key = decodeURIComponent(pathname.split('/').slice(2).join('/'))
    const at = this.#loses.findIndex((glob) => matchesGlob(key, glob))
    if (at < 0) return undefined
    this.#loses.splice(at, 1)
    return { fault: 'loses the answer' as const, share: 1 }
  }

  /**
   * @param ahead ms by which its clock goes before; S3's client then tries again what ends in 4xx
   * @throws Error with what the function threw
   */
  async invoke(event: object, ahead = 0): Promise<unknown> {
    this.#process ??= await this.#start()
    this.#process.send({ event, ahead })
    const { answer, fault } = await this.#answer(this.#process)
    const needs = 'check' in event ? this.needs.check : this.needs.work
    for (const sent of this.#sent.splice(0)) {
      for (const need of needsOf(sent, this.#places)) needs.add(need)
    }
    if (fault) throw new Error(fault)
    return answer
  }

  /** Or that there will be none. */
  async #answer(running: ChildProcess): Promise<{ answer?: unknown; fault?: string }> {
    const [stop, fault] = [new AbortController(), `${this.role} died`]
    const end = once(running, 'exit', stop).then(
      () => ({ fault }),
      () => ({}),
    )
    const told = once(running, 'message', stop).then(([message]) => message)
    const first = await Promise.race([told, end])
    told.catch(() => {})
    stop.abort()
    return first
  }

  async #start(): Promise<ChildProcess> {
    this.#endpoint ||= await this.#proxy.start()
    this.#database ||= (await this.#dataApi?.start()) ?? ''
    const { Properties } = this.#stack.one('AWS::Lambda::Function', `${this.role}Function`)
    const { Variables } = Properties.Environment as { Variables: Record<string, unknown> }
    const folder = bundleFor(bundleOf[this.role], architecture)
    const [, handler = ''] = String(Properties.Handler).split('.')
    const args = ['--input-type=module', '-e', runtime, folder, handler]
    // The secret is to be asked for, and all by the proxy.
    const { AWS_ENDPOINT_URL_S3: _, DATABASE_URL: __, ...outer } = process.env
    // Certificates of Lambda's own disk.
    const { NODE_EXTRA_CA_CERTS: ___, ...own } = Variables
    const settings = Object.entries(own).map(([name, value]) => [name, this.#valueOf(value)])
    const env = {
      ...{ ...outer, AWS_ENDPOINT_URL: this.#endpoint, LAMBDA_TASK_ROOT: folder },
      ...(this.#database && { AWS_ENDPOINT_URL_RDS_DATA: this.#database }),
      POWERTOOLS_LOG_LEVEL: 'SILENT',
      ...Object.fromEntries(settings),
    }
    return spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  }

  /** What CloudFormation makes of it. */
  #valueOf(value: unknown): string {
    if (typeof value === 'string') return value
    const { Ref, ...functions } = value as { Ref?: string; [name: string]: unknown }
    const join = functions['Fn::Join'] as [string, unknown[]] | undefined
    if (join) return join[1].map((part) => this.#valueOf(part)).join(join[0])
    const [id = Ref] = (functions['Fn::GetAtt'] as string[] | undefined) ?? []
    const found = this.#places[String(id).replace(/[0-9A-F]{8}$/, '')]
    if (found === undefined) throw new Error(`${this.role} is given ${JSON.stringify(value)}`)
    // A queue is where its URL says.
    return found.replace(process.env.AWS_ENDPOINT_URL ?? '', this.#endpoint)
  }

  /** The next invocation is a cold start. */
  async end(): Promise<void> {
    const running = this.#process
    this.#process = undefined
    if (!running || running.exitCode !== null) return
    running.disconnect()
    await once(running, 'exit')
  }

  async close(): Promise<void> {
    await this.end()
    await this.#proxy.stop()
    await this.#dataApi?.stop()
  }
}

function sentOf(request: IncomingMessage, body: Buffer, status: number): Sent {
  const { method = '', url = '', headers } = request
  const target = String(headers['x-amz-target'] ?? '')
  const ifMatch = headers['if-match'] !== undefined
  const isRead = target !== '' || url in dataApi
  return { method, url, target, ifMatch, status, body: isRead ? body.toString() : '' }
}
