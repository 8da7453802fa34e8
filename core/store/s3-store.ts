import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { CompleteMultipartUploadCommandOutput, S3Client } from '@aws-sdk/client-s3'
import { Busy, Refused } from '../errors.ts'
import type {
  Body,
  LocalCopy,
  ObjectStore,
  ObjectVersion,
  PutCondition,
  PutResult,
} from './object-store.ts'
import { checkKey, isSafeKey } from './object-store.ts'
import { bare, bodyOf, expectAll, expectLength, isFault, isMd5, versionOf } from './s3-answer.ts'
import { download } from './s3-download.ts'
import { retries } from './s3-retry.ts'

/** Files above it go up in parts of this size, two at a time: a put holds 50 MiB at most. */
const partBytes = 16 * 1024 * 1024

/** A write that meets another one in flight is answered 409, and may be tried again. */
const conflictAttempts = 8

export interface Place {
  endpoint?: string
  silence?: number
}

interface Sdk {
  s3: typeof import('@aws-sdk/client-s3')
  Upload: typeof import('@aws-sdk/lib-storage').Upload
  client: S3Client
}

/**
 * A lake in a bucket. Credentials, region and endpoint come from the environment, as everywhere in
 * AWS; `AWS_S3_FORCE_PATH_STYLE=1` is for emulators. A bucket that is missing is a fault, but for
 * `head`, where S3's answer does not tell it from a missing key.
 *
 * The SDK sends a write again when its answer is lost. If the first had been done, the second is
 * answered 412, and `put` says that the condition failed though the object is ours: only a look at
 * what stands there can tell (core/commit/commit does so).
 */
export class S3Store implements ObjectStore {
  readonly scratch = tmpdir()
  readonly url: string
  readonly #bucket: string
  readonly #place: Place
  #loaded: Promise<Sdk> | undefined

  /**
   * @param lake `s3://bucket`
   * @param place for tests: another address than the environment's, and the ms of silence after
   *   which a request is given up and tried again
   * @throws Refused for anything else, a prefix too
   */
  constructor(lake: string, place: Place = {}) {
    const bucket = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/?$/.exec(lake)?.[1]
    if (!bucket)
      throw new Refused(`lake ${lake}: s3://bucket is allowed, as a lake is a whole bucket`)
    this.#bucket = bucket
    this.#place = place
    this.url = `s3://${bucket}`
  }

  locate(key: string): string {
    checkKey(key)
    return `${this.url}/${key}`
  }

  async head(key: string): Promise<ObjectVersion | undefined> {
    const { s3, client } = await this.#sdk()
    try {
      const answer = await client.send(new s3.HeadObjectCommand(this.#at(key)))
      return versionOf(key, answer.ContentLength, answer)
    } catch (error) {
      if (isFault(error, 'NotFound')) return undefined
      throw error
    }
  }

  async get(key: string): Promise<{ version: ObjectVersion; body: Buffer } | undefined> {
    const { s3, client } = await this.#sdk()
    try {
      const answer = await client.send(new s3.GetObjectCommand(this.#at(key)))
      const found = await bodyOf(key, answer)
      if (!isMd5(found.version.etag, answer)) await this.#expectSize(found.version)
      return found
    } catch (error) {
      if (isFault(error, 'NoSuchKey')) return undefined
      throw error
    }
  }

  async open(version: ObjectVersion): Promise<LocalCopy> {
    checkKey(version.key)
    const folder = await mkdtemp(join(tmpdir(), 'sluice-'))
    const release = () => rm(folder, { recursive: true, force: true })
    // Readers tell a compressed file by its ending.
    const path = join(folder, `object${/^\.\w{1,9}$/.exec(extname(version.key))?.[0] ?? ''}`)
    try {
      await download(version, path, (start) => this.#getFrom(version, start))
      return { path, verify: async () => {}, release }
    } catch (error) {
      await release()
      throw error
    }
  }

  async put(key: string, body: Body, when?: PutCondition): Promise<PutResult> {
    checkKey(key)
    for (let attempt = 1; ; attempt++) {
      try {
        return { etag: bare(await this.#write(key, body, when)) }
      } catch (error) {
        if (isFault(error, 'PreconditionFailed')) return undefined
        // S3's answer to an If-Match where nothing stands.
        if (when && 'ifMatch' in when && isFault(error, 'NoSuchKey')) return undefined
        if (!isFault(error, 'ConditionalRequestConflict')) throw error
        if (attempt === conflictAttempts) throw error
      }
      await pause(25 * 2 ** attempt * Math.random())
    }
  }

  async delete(key: string): Promise<void> {
    const { s3, client } = await this.#sdk()
    await client.send(new s3.DeleteObjectCommand(this.#at(key)))
  }

  /** Keys that no one may touch are passed over; so are the `folder/` markers of S3's console. */
  async *list(prefix: string, after?: string): AsyncIterable<ObjectVersion> {
    const { s3, client } = await this.#sdk()
    // Encoded, because XML cannot carry every character of a key.
    const which = { Bucket: this.#bucket, Prefix: prefix, StartAfter: after }
    const input = { ...which, EncodingType: 'url' as const }
    for await (const page of s3.paginateListObjectsV2({ client }, input)) {
      expectAll(prefix, page)
      for (const found of page.Contents ?? []) {
        const key = decodeURIComponent((found.Key ?? '').replaceAll('+', ' '))
        if (isSafeKey(key)) yield versionOf(key, found.Size, found)
      }
    }
  }

  #sdk(): Promise<Sdk> {
    this.#loaded ??= load(this.#place)
    return this.#loaded
  }

  #at(key: string): { Bucket: string; Key: string } {
    checkKey(key)
    return { Bucket: this.#bucket, Key: key }
  }

  /** For a body of which no MD5 is known: what a GET says of its own length may be as short. */
  async #expectSize(version: ObjectVersion): Promise<void> {
    const now = await this.head(version.key)
    if (now?.etag === version.etag) return expectLength(now, now.size, version.size)
    throw new Busy(`${version.key} is no longer ${version.etag}`)
  }

  async #getFrom(version: ObjectVersion, start: number) {
    const { s3, client } = await this.#sdk()
    const pin = {
      ...this.#at(version.key),
      IfMatch: `"${version.etag}"`,
      ...(version.versionId && { VersionId: version.versionId }),
      ...(start > 0 && { Range: `bytes=${start}-` }),
    }
    try {
      return await client.send(new s3.GetObjectCommand(pin))
    } catch (cause) {
      const gone = ['PreconditionFailed', 'NoSuchKey', 'NoSuchVersion']
      if (!gone.some((name) => isFault(cause, name))) throw cause
      throw new Busy(`${version.key} is no longer ${version.etag}`, { cause })
    }
  }

  /** The new eTag. `Upload` sends what fits one part as a plain PUT, which S3 makes atomic too. */
  async #write(key: string, body: Body, when: PutCondition | undefined) {
    const { s3, Upload, client } = await this.#sdk()
    const input = { ...this.#at(key), ...conditionOf(when) }
    if (Buffer.isBuffer(body)) {
      return (await client.send(new s3.PutObjectCommand({ ...input, Body: body }))).ETag
    }
    const file = createReadStream(body.file)
    const params = { ...input, Body: file }
    const upload = new Upload({ client, params, partSize: partBytes, queueSize: 2 })
    try {
      const answer: CompleteMultipartUploadCommandOutput = await upload.done()
      return answer.ETag
    } finally {
      file.destroy()
    }
  }
}

/** Loaded at the first use: a laptop's lake is a folder, and should not wait for it. */
async function load({ endpoint, silence = 30_000 }: Place): Promise<Sdk> {
  const s3 = await import('@aws-sdk/client-s3')
  const { Upload } = await import('@aws-sdk/lib-storage')
  const forcePathStyle = process.env.AWS_S3_FORCE_PATH_STYLE === '1'
  const address = endpoint === undefined ? {} : { endpoint }
  // The SDK itself waits for ever for a server that took the request and does not answer.
  const requestHandler = { connectionTimeout: 5_000, socketTimeout: silence }
  const settings = { forcePathStyle, requestHandler, retryStrategy: retries }
  const client = new s3.S3Client({ ...settings, ...address })
  return { s3, Upload, client }
}

function conditionOf(when: PutCondition | undefined) {
  if (!when) return {}
  return 'ifMatch' in when ? { IfMatch: `"${when.ifMatch}"` } : { IfNoneMatch: '*' }
}
