import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { createGunzip } from 'node:zlib'

/** An object as aws_s3 is told of it. */
interface Address {
  /** A bucket of S3, or the `file:///…` of a folder that stands for one. */
  bucket: string
  key: string
  region: string
  accessKey: string | null
  secretKey: string | null
  sessionToken: string | null
  /** Makes it another address for each time that it is read. */
  call: string
}

interface Found {
  /** As it is stored, compressed or not. */
  bytes: number
  body(): Promise<AsyncIterable<Buffer>>
}

/**
 * Serves objects of the tests' lake to the program that Postgres runs for aws_s3:
 * `GET /objects/<token>/<size|body|end>/<hex of the address>`. `size` answers the size alone. `end`
 * answers how the last `body` ended: 200 where all of the object was sent, 500 where it could not
 * be read to its end, and 404 where nobody wanted more of it.
 */
export class ObjectReader {
  /** Whoever does not know it reads nothing: any process of the machine can reach the port. */
  readonly token = randomBytes(16).toString('hex')
  readonly #ends = new Map<string, 200 | 500>()

  async serve({ url = '' }: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, room, token, what, hex = ''] = url.split('/')
    if (room !== 'objects' || token !== this.token) return void response.writeHead(403).end()
    if (what === 'end') return void response.writeHead(this.#ends.get(hex) ?? 404).end()
    try {
      const address: Address = JSON.parse(Buffer.from(hex, 'hex').toString())
      const found = await find(address)
      if (what === 'size') response.end(`${found.bytes}\n`)
      else await pipeline(this.#noting(hex, await found.body()), response)
    } catch (error) {
      if (response.headersSent) response.destroy()
      else response.writeHead(statusOf(error)).end()
    }
  }

  /** Notes the end before the reader can see it, and none where the reader has left before. */
  async *#noting(hex: string, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    this.#ends.delete(hex)
    try {
      yield* body
      this.#ends.set(hex, 200)
    } catch (error) {
      this.#ends.set(hex, 500)
      throw error
    }
  }
}

async function find(address: Address): Promise<Found> {
  return address.bucket.startsWith('file:') ? findFile(address) : findInS3(address)
}

async function findFile({ bucket, key }: Address): Promise<Found> {
  const path = join(fileURLToPath(bucket), key)
  const { size } = await stat(path)
  return { bytes: size, body: async () => wholeFile(path, size) }
}

/** @throws Error where the file became shorter meanwhile: an object is read whole or not at all */
async function* wholeFile(path: string, size: number): AsyncGenerator<Buffer> {
  let left = size
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) {
    left -= chunk.length
    yield chunk
  }
  if (left > 0) throw new Error(`${path} has lost ${left} bytes while it was read`)
}

/** By the environment's endpoint and credentials, where the statement has none. */
async function findInS3(address: Address): Promise<Found> {
  const { S3 } = await import('@aws-sdk/client-s3')
  const s3 = new S3({ region: address.region, forcePathStyle: true, ...credentialsIn(address) })
  const object = { Bucket: address.bucket, Key: address.key }
  const head = await s3.headObject(object)
  return {
    bytes: head.ContentLength ?? 0,
    body: async () => {
      const { Body, ContentEncoding } = await s3.getObject({ ...object, IfMatch: head.ETag! })
      if (!(Body instanceof Readable)) throw new Error('S3 gave no stream')
      // USER_PostgreSQL.S3Import: "Content-Encoding gzip" is decompressed.
      return ContentEncoding === 'gzip' ? inflated(Body) : Body
    },
  }
}

async function* inflated(body: Readable): AsyncGenerator<Buffer> {
  const gunzip = createGunzip()
  const ended = pipeline(body, gunzip)
  // What fails here is thrown by the loop below.
  ended.catch(() => {})
  yield* gunzip
  await ended
}

function credentialsIn({ accessKey, secretKey, sessionToken }: Address) {
  if (!accessKey || !secretKey) return {}
  const token = sessionToken ? { sessionToken } : {}
  return { credentials: { accessKeyId: accessKey, secretAccessKey: secretKey, ...token } }
}

/** S3's own where it has one; a file that is not there is 404. */
function statusOf(error: unknown): number {
  const { $metadata, code } = error as { $metadata?: { httpStatusCode?: number }; code?: string }
  return $metadata?.httpStatusCode ?? (code === 'ENOENT' ? 404 : 500)
}
