import { once } from 'node:events'
import * as http from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a body may suffer on its way. */
export const cutting = [
  /** The connection ends before as many bytes as Content-Length says. */
  'cuts the body',
  /** Content-Length is that of the shorter body: the protocol sees nothing wrong. */
  'shortens the body',
  /** Sent in chunks, it ends well, but too early. */
  'drops the last chunks',
] as const

/** What may go wrong with a request; bodies are cut only where there is one. */
const faults = [
  'answers 500',
  'answers 503',
  'resets the connection',
  /** What was asked for is done, but the client never knows. */
  'loses the answer',
  'cuts the upload',
  ...cutting,
] as const

export type Fault = (typeof faults)[number]

/** What befalls a request, and after what share of a body it is cut, from 0 up to 1. */
export interface Misfortune {
  fault: Fault
  share: number
}

/** Each fault befalls so many of all requests. */
export function atRandom(random: () => number, rate = 0.05): () => Misfortune | undefined {
  return () => {
    const fault = faults[Math.floor(random() / rate)]
    // Nothing at all is the hardest to tell from a whole body.
    return fault && { fault, share: random() < 0.2 ? 0 : random() }
  }
}

/** Told of each request that the endpoint has answered, whatever becomes of that answer. */
export type Told = (request: http.IncomingMessage, body: Buffer, status: number) => void

interface Answer {
  status: number
  headers: http.OutgoingHttpHeaders
  body: Buffer
}

/** Stands before an S3 endpoint and does to requests what networks and busy servers do. */
export class S3Proxy {
  /** How often each fault befell a request. */
  readonly counts = new Map<Fault, number>()
  requests = 0
  readonly #server = http.createServer((request, response) => void this.#take(request, response))
  readonly #agent = new http.Agent({ keepAlive: true })
  readonly #upstream: URL
  readonly #choose: (request: http.IncomingMessage) => Misfortune | undefined
  readonly #told: Told

  /** @param choose what befalls a request; undefined: nothing */
  constructor(
    upstream: string,
    choose: (request: http.IncomingMessage) => Misfortune | undefined,
    told: Told = () => {},
  ) {
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
    const { fault, share = 1 } = this.#choose(request) ?? {}
    if (fault === 'resets the connection') return this.#reset(fault, request)
    const body = await bodyOf(request)
    if (fault === 'answers 500') return this.#refuse(fault, response, 500, 'InternalError')
    if (fault === 'answers 503') return this.#refuse(fault, response, 503, 'SlowDown')
    if (fault === 'cuts the upload' && body.length > 0) {
      await this.#forwardPart(request, body, share)
      return this.#reset(fault, request)
    }
    const answer = await this.#forward(request, body)
    this.#told(request, body, answer.status)
    if (fault === 'loses the answer') return this.#reset(fault, request)
    if (request.method === 'GET') this.#answer(response, answer, fault, share)
    else respond(response, answer, answer.body)
  }

  #reset(fault: Fault, request: http.IncomingMessage): void {
    this.#count(fault)
    request.socket.resetAndDestroy()
  }

  #count(fault: Fault): void {
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1)
  }

  #refuse(fault: Fault, response: http.ServerResponse, status: number, code: string): void {
    this.#count(fault)
    const text = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code></Error>`
    respond(response, { status, headers: {}, body: Buffer.from(text) }, Buffer.from(text))
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
      respond(response, answer, body)
      return
    }
    this.#count(fault)
    if (fault === 'shortens the body') respond(response, answer, part)
    else if (fault === 'drops the last chunks') {
      response.writeHead(status, { ...headers, 'transfer-encoding': 'chunked' })
      response.end(part)
    } else {
      response.writeHead(status, { ...headers, 'content-length': body.length })
      response.flushHeaders()
      response.write(part, () => response.socket?.destroy())
    }
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

function respond(response: http.ServerResponse, { status, headers }: Answer, body: Buffer): void {
  response.writeHead(status, { 'content-length': body.length, ...headers })
  response.end(body)
}

async function bodyOf(message: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks)
}
