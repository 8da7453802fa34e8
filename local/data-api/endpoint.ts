import { once } from 'node:events'
import * as http from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Fault, refuseAtOnce, takeFault } from './fault.ts'
import { awsLimits, type Limits } from './limits.ts'
import { ObjectReader } from './object-reader.ts'
import { Refusal } from './refusal.ts'
import { type Operation, operations, parseRequest, type Request } from './request.ts'
import { Service } from './service.ts'

export type { Fault, Limits }

/** A call that was answered, or whose answer was lost. */
export interface Call {
  operation: string
  sql?: string
  /** Of all sets. */
  parameters?: number
  transaction?: string
  requestBytes: number
  answerBytes: number
  /** The name of the error that it was answered with. */
  error?: string
  ms: number
}

/**
 * The RDS Data API of an Aurora PostgreSQL cluster (Serverless v2), over a Postgres of ours: what
 * would fail there fails here, with AWS' errors. Rules and their sources stand beside the code;
 * pages are named as in docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/<name>.html.
 */
export class DataApiEndpoint {
  readonly cluster = 'arn:aws:rds:us-east-1:123456789012:cluster:sluice'
  readonly secret = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:sluice-AbCdEf'
  readonly calls: Call[] = []
  readonly faults: Fault[]
  /** What aws_s3 reads objects through; `installAwsS3` takes it. */
  readonly objects = new ObjectReader()
  readonly #limits: Limits
  readonly #service: Service
  readonly #http: http.Server

  /**
   * @param server URL of a Postgres server, of a superuser: postgres://…; each request names the
   *   database (`database`; `postgres` where it does not)
   * @param options limits other than AWS', faults to come, a port
   */
  static async start(
    server: string,
    options: { limits?: Partial<Limits>; faults?: Fault[]; port?: number } = {},
  ): Promise<DataApiEndpoint> {
    const endpoint = new DataApiEndpoint(server, options)
    endpoint.#http.listen(options.port ?? 0, '127.0.0.1')
    await once(endpoint.#http, 'listening')
    return endpoint
  }

  private constructor(server: string, options: { limits?: Partial<Limits>; faults?: Fault[] }) {
    this.#limits = { ...awsLimits, ...options.limits }
    this.faults = options.faults ?? []
    this.#service = new Service(server, this.#limits)
    this.#http = http.createServer((request, response) => {
      if (request.method === 'GET') void this.objects.serve(request, response)
      else void this.#serve(request, response)
    })
  }

  /** `http://127.0.0.1:<port>`: for AWS_ENDPOINT_URL_RDS_DATA, or the client's `endpoint`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`
  }

  /** The URL by which Sluice opens a database through it; see core/database/open-database.ts. */
  urlOf(database: string): string {
    const by = new URLSearchParams({ secret: this.secret, database, endpoint: this.url })
    return `rds-data:${this.cluster}?${by}`
  }

  /** Transactions that are open now. */
  get open(): number {
    return this.#service.open
  }

  /** Rolls back what is open. */
  async close(): Promise<void> {
    const closed = once(this.#http, 'close')
    this.#http.close()
    this.#http.closeAllConnections()
    await closed
    await this.#service.close()
  }

  async #serve(message: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const began = performance.now()
    const operation = operations[message.url as keyof typeof operations]
    const name = operation ?? String(message.url)
    const call: Call = { operation: name, requestBytes: 0, answerBytes: 0, ms: 0 }
    const answer = await this.#answer(operation, message, call).catch(refusalOf)
    if (answer instanceof Refusal) call.error = answer.type
    call.ms = performance.now() - began
    // A test that has the answer finds the call in the list.
    this.calls.push(call)
    if (answer === undefined) response.destroy()
    else send(response, answer, call)
  }

  /** @returns the body, or undefined where the answer is to be lost */
  async #answer(
    operation: Operation | undefined,
    message: http.IncomingMessage,
    call: Call,
  ): Promise<string | undefined> {
    const body = await this.#read(message, call)
    if (!operation) throw new Refusal('UnknownOperationException', 404)
    const request = parseRequest(operation, body)
    Object.assign(call, factsOf(request))
    this.#authorize(message, request)
    const { sql } = request
    const fault = takeFault(this.faults, sql ? { operation, sql } : { operation })
    refuseAtOnce(fault)
    if (fault === 'lost-request') return undefined
    if (fault === 'expired') await this.#service.expire(request)
    const stop = fault === 'timeout' || fault === 'killed' ? fault : undefined
    const work = this.#service.perform(request, stop)
    if (fault !== 'lost-answer') return work
    // Executed fully, whatever came of it.
    await work.catch((error: unknown) => {
      call.error = refusalOf(error).type
    })
    return undefined
  }

  /** @throws Refusal above 4 MiB, headers too: nothing is processed (API_BatchExecuteStatement) */
  async #read(message: http.IncomingMessage, call: Call): Promise<Buffer> {
    const { requestBytes } = this.#limits
    call.requestBytes = message.rawHeaders.reduce((sum, text) => sum + text.length + 2, 0)
    const chunks: Buffer[] = []
    for await (const chunk of message) {
      call.requestBytes += chunk.length
      if (call.requestBytes <= requestBytes) chunks.push(chunk)
    }
    if (call.requestBytes <= requestBytes) return Buffer.concat(chunks)
    throw new Refusal('RequestEntityTooLargeException', 413, 'Request size exceeds 4 MiB')
  }

  /** Nobody checks the signature; that there is one, for this service, is checked. */
  #authorize(message: http.IncomingMessage, { resourceArn, secretArn }: Request): void {
    const given = message.headers.authorization ?? ''
    if (!/^AWS4-HMAC-SHA256 .*\/rds-data\/aws4_request/.test(given))
      throw new Refusal('MissingAuthenticationTokenException', 403, 'Missing Authentication Token')
    // data-api.troubleshooting: an ARN that does not match exactly, its case too.
    const unknown = `HttpEndpoint is not enabled for resource ${resourceArn}`
    if (resourceArn !== this.cluster)
      throw new Refusal('HttpEndpointNotEnabledException', 400, unknown)
    const missing = "Secrets Manager can't find the specified secret."
    if (secretArn !== this.secret) throw new Refusal('SecretsErrorException', 400, missing)
  }
}

function factsOf({ sql, parameterSets, transactionId }: Request): Partial<Call> {
  return {
    ...(sql ? { sql, parameters: parameterSets.flat().length } : {}),
    ...(transactionId ? { transaction: transactionId } : {}),
  }
}

/** What is no refusal is a fault of this program, and told as it is. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const text = error instanceof Error ? error.stack : String(error)
  return new Refusal('InternalServerErrorException', 500, text)
}

function send(response: http.ServerResponse, answer: string | Refusal, call: Call): void {
  const body = answer instanceof Refusal ? JSON.stringify(answer.body) : answer
  call.answerBytes = Buffer.byteLength(body)
  const type = answer instanceof Refusal ? { 'x-amzn-errortype': answer.type } : {}
  const status = answer instanceof Refusal ? answer.status : 200
  response.writeHead(status, { 'content-type': 'application/json', ...type }).end(body)
}
