import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import type { ObjectVersion } from './object-store.ts'
import { expectLength, expectMd5, streamOf } from './s3-answer.ts'

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
      const check = () => expectLength(version, version.size - at, answer.ContentLength)
      const cut = await drain(answer, check, file, (chunk) => {
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
 * Writes the body to the file, once its head is checked; what broke it off, if anything did. Faults
 * of the disk are thrown.
 */
async function drain(
  answer: GetObjectCommandOutput,
  check: () => void,
  file: FileHandle,
  count: (chunk: Buffer) => void,
): Promise<unknown> {
  const body = streamOf(answer)
  // A body that nobody reads to its end is destroyed: a checksum that does not match would be told
  // to nobody, and end the process.
  try {
    check()
    const chunks: AsyncIterator<Buffer> = body[Symbol.asyncIterator]()
    for (;;) {
      const next = await chunks.next().catch((cut: unknown) => ({ cut }))
      if ('cut' in next) return next.cut
      if (next.done) return undefined
      await file.writeFile(next.value)
      count(next.value)
    }
  } finally {
    body.destroy()
  }
}

function short({ key, size }: ObjectVersion, at: number): Error {
  return new Error(`${key}: the body ended at byte ${at} of ${size}, ${attempts} times`)
}
