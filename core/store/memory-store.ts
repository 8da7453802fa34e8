import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Busy } from '../errors.ts'
import {
  type Body,
  checkKey,
  type LocalCopy,
  type ObjectStore,
  type ObjectVersion,
  type PutCondition,
  type PutResult,
} from './object-store.ts'

let stores = 0

/** A lake in memory for tests. It obeys S3's rules: conditional writes, eTags by content. */
export class MemoryStore implements ObjectStore {
  readonly url = `memory://lake-${++stores}`
  readonly #folder: string
  readonly scratch = tmpdir()
  readonly #objects = new Map<string, { version: ObjectVersion; body: Buffer }>()

  /** @param folder for the copies of `open` */
  constructor(folder = tmpdir()) {
    this.#folder = folder
  }

  async head(key: string): Promise<ObjectVersion | undefined> {
    return (await this.get(key))?.version
  }

  async get(key: string): Promise<{ version: ObjectVersion; body: Buffer } | undefined> {
    checkKey(key)
    const found = this.#objects.get(key)
    return found && { version: { ...found.version }, body: Buffer.from(found.body) }
  }

  async open(version: ObjectVersion): Promise<LocalCopy> {
    const found = await this.get(version.key)
    if (found?.version.etag !== version.etag) {
      throw new Busy(`${this.locate(version.key)} changed since it was looked at; try again`)
    }
    const folder = mkdtempSync(join(this.#folder, 'sluice-memory-'))
    writeFileSync(join(folder, 'copy'), found.body)
    return {
      path: join(folder, 'copy'),
      verify: async () => {},
      release: async () => rmSync(folder, { recursive: true, force: true }),
    }
  }

  async put(key: string, body: Body, when?: PutCondition): Promise<PutResult> {
    checkKey(key)
    const bytes = Buffer.isBuffer(body) ? Buffer.from(body) : readFileSync(body.file)
    const standing = this.#objects.get(key)?.version
    if (when && 'ifNoneMatch' in when && standing) return undefined
    if (when && 'ifMatch' in when && standing?.etag !== when.ifMatch) return undefined
    const etag = createHash('md5').update(bytes).digest('hex')
    const version = { key, size: bytes.length, etag, modified: new Date() }
    this.#objects.set(key, { version, body: bytes })
    return { etag }
  }

  async delete(key: string): Promise<void> {
    checkKey(key)
    this.#objects.delete(key)
  }

  async *list(prefix: string, after = ''): AsyncIterable<ObjectVersion> {
    const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
    const isAsked = (key: string) => key.startsWith(prefix) && compare(key, after) > 0
    for (const key of [...this.#objects.keys()].filter(isAsked).sort(compare)) {
      const found = this.#objects.get(key)
      if (found) yield { ...found.version }
    }
  }

  locate(key: string): string {
    checkKey(key)
    return `${this.url}/${key}`
  }
}
