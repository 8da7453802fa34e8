import { once } from 'node:events'
import * as http from 'node:http'
import type { AddressInfo } from 'node:net'
import { cutting, type Fault, type Misfortune } from './misfortune.ts'

/** Told of each request that the endpoint has answered, whatever becomes of that answer. */
type Told = (request: http.IncomingMessage, body: Buffer, status: number) => void

type Choose = (request: http.IncomingMessage) => Misfortune | undefined

interface Answer {
  status: number
  headers: http.OutgoingHttpHeaders
  body: Buffer
}

/** How a service speaks: S3 in XML, the others in JSON. */
const spoken = {
  s3: (code: string) => `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code></Error>`,
  json: (code: string) => JSON.stringify({ __type: code, message: 'by the proxy' }),
}

/** Faults that are the service's own words. */
const refusals: Partial<Record<Fault, { status: number; s3: string; json: string }>> = {
  'answers 500': { status: 500, s3: 'InternalError', json: 'InternalFailure' },
  'answers 503': { status: 503, s3: 'SlowDown', json: 'ServiceUnavailable' },
  throttles: { status: 400, s3: 'SlowDown', json: 'ProvisionedThroughputExceededException' },
  'expires the iterator': { status: 400, s3: '', json: 'ExpiredIteratorException' },
}

/** Faults that befall one operation only. */
const onlyOf: Partial<Record<Fault, string>> = {
  'expires the iterator': 'GetRecords',
  'takes a part': 'PutRecords',
}

/** Stands before an endpoint of AWS and does to requests what networks and busy servers do. */
export class FaultyProxy {
  /** How often each fault befell a request. */
  readonly counts = new Map<Fault, number>()
  requests = 0
  readonly #server = http.createServer((request, response) => void this.#take(request, response))
  readonly #agent = new http.Agent({ keepAlive: true })
  readonly #upstream: URL
  readonly #choose: Choose
  readonly #told: Told

  /** @param choose what befalls a request; undefined: nothing */
  constructor(upstream: string, choose: Choose, told: Told = () => {}) {
    this.#upstream = new URL(upstream)
    this.#choose = choose
    this.#told = told
  }

  /** @returns its address */
  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    this.#agent.destroy()
    if (this.#server.listening) await once(this.#server, 'close')
  }

  async #take(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    try {
      await this.#serve(request, response)
    } catch {
      // The client or the endpoint has gone; so does the other one.
      request.socket.destroy()
    }
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    this.requests++
    const { fault, share } = this.#befalling(request)
    if (fault === 'resets the connection') return this.#reset(fault, request)
    const body = await bodyOf(request)
    const refusal = fault && refusals[fault]
    if (refusal) {
      this.#count(fault)
      return respond(response, refused(refusal, request))
    }
    if (fault === 'cuts the upload' && body.length > 0) {
      await this.#forwardPart(request, body, share)
      return this.#reset(fault, request)
    }
    if (fault === 'takes a part') return this.#takePart(request, body, share, response)
    const answer = await this.#forward(request, body)
    this.#told(request, body, answer.status)
    if (fault === 'loses the answer') return this.#reset(fault, request)
    // S3 answers with bodies of weight to GET alone; the others to POST.
    const isCut = request.method === 'GET' || operationOf(request) !== ''
    if (isCut) this.#answer(response, answer, fault, share)
    else respond(response, answer)
  }

  #befalling(request: http.IncomingMessage): { fault: Fault | undefined; share: number } {
    const { fault, share = 1 } = this.#choose(request) ?? {}
    const operation = fault && onlyOf[fault]
    const isMeant = operation === undefined || operation === operationOf(request)
    return { fault: isMeant ? fault : undefined, share }
  }

  #reset(fault: Fault, request: http.IncomingMessage): void {
    this.#count(fault)
    request.socket.resetAndDestroy()
  }

  #count(fault: Fault): void {
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1)
  }

  #answer(
    response: http.ServerResponse,
    answer: Answer,
    fault: Fault | undefined,
    share: number,
  ): void {
    const { status, headers, body } = answer
    const part = body.subarray(0, Math.floor(share * body.length))
    const cuts = cutting.some((one) => one === fault) && part.length < body.length
    if (!fault || !cuts) {
      respond(response, answer)
      return
    }
    this.#count(fault)
    if (fault === 'shortens the body') respond(response, { ...answer, body: part })
    else if (fault === 'drops the last chunks') {
      response.writeHead(status, { ...headers, 'transfer-encoding': 'chunked' })
      response.end(part)
    } else {
      response.writeHead(status, { ...headers, 'content-length': body.length })
      response.flushHeaders()
      response.write(part, () => response.socket?.destroy())
    }
  }

  /** At least the last record of a PutRecords is not taken. */
  async #takePart(
    request: http.IncomingMessage,
    body: Buffer,
    share: number,
    response: http.ServerResponse,
  ): Promise<void> {
    const { Records, ...rest } = JSON.parse(body.toString()) as { Records: object[] }
    const taken = Records.slice(0, Math.floor(share * Records.length))
    const code = { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'busy' }
    const left = Records.slice(taken.length).map(() => code)
    this.#count('takes a part')
    if (taken.length === 0) {
      const told = { FailedRecordCount: left.length, Records: left }
      return respond(response, { status: 200, headers: {}, body: jsonOf(told) })
    }
    const answer = await this.#forward(request, jsonOf({ ...rest, Records: taken }))
    if (answer.status !== 200) return respond(response, answer)
    const told = JSON.parse(answer.body.toString()) as { Records: object[] }
    const all = { FailedRecordCount: left.length, Records: [...told.Records, ...left] }
    respond(response, { ...answer, body: jsonOf(all) })
  }

  async #forward(request: http.IncomingMessage, body: Buffer): Promise<Answer> {
    const sent = this.#request(request, body.length)
    sent.end(body)
    const [answer] = (await once(sent, 'response')) as [http.IncomingMessage]
    const { connection, 'transfer-encoding': _, ...headers } = answer.headers
    // Of a HEAD it says how long the object is; of all else, what is sent.
    if (request.method !== 'HEAD') delete headers['content-length']
    return { status: answer.statusCode ?? 502, headers, body: await bodyOf(answer) }
  }

  async #forwardPart(request: http.IncomingMessage, body: Buffer, share: number): Promise<void> {
    const sent = this.#request(request, body.length)
    sent.on('error', () => {})
    const part = body.subarray(0, Math.floor(share * body.length))
    await new Promise((resolve) => sent.write(part, resolve))
    sent.destroy()
  }

  /** The key stays as the client has encoded it. */
  #request(request: http.IncomingMessage, length: number): http.ClientRequest {
    const { connection, expect, 'transfer-encoding': _, ...headers } = request.headers
    if (length > 0) headers['content-length'] = String(length)
    const { hostname, port } = this.#upstream
    const { method, url: path } = request
    return http.request({ hostname, port, method, path, headers, agent: this.#agent })
  }
}

/** `PutRecords` of `Kinesis_20131202.PutRecords`; '' of S3. */
export function operationOf({ headers }: http.IncomingMessage): string {
  return String(headers['x-amz-target'] ?? '').replace(/^.*\./, '')
}

function refused(
  { status, ...codes }: { status: number; s3: string; json: string },
  request: http.IncomingMessage,
): Answer {
  const language = operationOf(request) === '' ? 's3' : 'json'
  return { status, headers: {}, body: Buffer.from(spoken[language](codes[language])) }
}

function jsonOf(value: object): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function respond(response: http.ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { 'content-length': body.length, ...headers })
  response.end(body)
}

async function bodyOf(message: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks)
}
