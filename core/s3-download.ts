import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { Busy } from './errors.ts'
import type { ObjectVersion } from './object-store.ts'

/** Answers a GET of the pinned version from the given byte on. */
export type GetFrom = (start: number) => Promise<GetObjectCommandOutput>

const attempts = 5

/**
 * Writes a pinned version into a new file. The SDK retries requests, but not a body that breaks
 * off: then the rest is asked for, from the byte where it stopped.
 *
 * @throws Busy where the bytes are not those of the version: another length, or another MD5
 * @throws what broke the body off, the fifth time
 */
export async function download(version: ObjectVersion, path: string, get: GetFrom): Promise<void> {
  const file = await open(path, 'wx')
  const md5 = createHash('md5')
  let at = 0
  try {
    for (let attempt = 1; ; attempt++) {
      const answer = await get(at)
      expectLength(version, version.size - at, answer.ContentLength)
      const cut = await drain(answer, file, (chunk) => {
        md5.update(chunk)
        at += chunk.length
      })
      if (!cut && at === version.size) return expectMd5(version, answer, md5.digest('hex'))
      // A fault after the last byte is about what was read (its checksum): no rest would cure it.
      if (attempt === attempts || at >= version.size) throw cut ?? short(version, at)
      await pause(100 * 2 ** attempt * Math.random())
    }
  } finally {
    await file.close()
  }
}

/**
 * Writes the body to the file; what broke it off, if anything did. Faults of the disk are thrown.
 */
async function drain(
  answer: GetObjectCommandOutput,
  file: FileHandle,
  count: (chunk: Buffer) => void,
): Promise<unknown> {
  if (!(answer.Body instanceof Readable)) throw new Error('S3 answered GetObject without a body')
  const chunks: AsyncIterator<Buffer> = answer.Body[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await chunks.next().catch((cut: unknown) => ({ cut }))
      if ('cut' in next) return next.cut
      if (next.done) return undefined
      await file.writeFile(next.value)
      count(next.value)
    }
  } finally {
    answer.Body.destroy()
  }
}

function short({ key, size }: ObjectVersion, at: number): Error {
  return new Error(`${key}: the body ended at byte ${at} of ${size}, ${attempts} times`)
}

function expectLength({ key, etag }: ObjectVersion, expected: number, found: number | undefined) {
  if (found === expected) return
  throw new Busy(`${key} is not ${etag}: ${found} bytes were offered, not ${expected}`)
}

/**
 * An eTag is the content's MD5, but for multipart uploads (a dash) and keys of KMS or the client.
 */
function expectMd5({ key, etag }: ObjectVersion, answer: GetObjectCommandOutput, found: string) {
  const own = answer.ServerSideEncryption?.startsWith('aws:kms') || answer.SSECustomerAlgorithm
  if (own || !/^[0-9a-f]{32}$/.test(etag) || found === etag) return
  throw new Busy(`${key} is not ${etag}: the MD5 of what was read is ${found}`)
}
