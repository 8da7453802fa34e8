import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { afterAll, expect, test } from 'vitest'
import { Busy } from '../errors.ts'
import { download, type GetFrom } from './s3-download.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-download-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let count = 0
const newPath = () => join(folder, `${++count}`)

const bytes = Buffer.from('0123456789'.repeat(1000))
const etag = createHash('md5').update(bytes).digest('hex')
const version = { key: 'a', size: bytes.length, etag, modified: new Date() }

/** A server that breaks off each body after so many bytes, with or without telling. */
function server(cutAfter: number, tells: boolean, body = bytes) {
  const starts: number[] = []
  const get: GetFrom = async (start) => {
    starts.push(start)
    async function* chunks() {
      yield body.subarray(start, start + cutAfter)
      if (tells && start + cutAfter < body.length) throw new Error('aborted')
    }
    return answer(Readable.from(chunks()), body.length - start)
  }
  return { get, starts }
}

function answer(body: Readable, length: number, more = {}): GetObjectCommandOutput {
  const Body = body as unknown as NonNullable<GetObjectCommandOutput['Body']>
  return { $metadata: {}, Body, ContentLength: length, ...more }
}

test.for([true, false])(
  'a body that breaks off is taken up where it stopped (told: %s)',
  async (tells) => {
    const { get, starts } = server(4000, tells)
    const path = newPath()
    await download(version, path, get)
    expect(readFileSync(path).equals(bytes)).toBe(true)
    expect(starts).toEqual([0, 4000, 8000])
  },
)

test('a body that breaks off again and again is a fault', async () => {
  await expect(download(version, newPath(), server(10, true).get)).rejects.toThrow('aborted')
  await expect(download(version, newPath(), server(10, false).get)).rejects.toThrow('5 times')
})

test('bytes of another length or content than the version are Busy', async () => {
  const longer = Buffer.concat([bytes, bytes])
  await expect(download(version, newPath(), server(1e6, true, longer).get)).rejects.toThrow(Busy)
  const other = Buffer.from(bytes).fill('x', 5, 6)
  await expect(download(version, newPath(), server(1e6, true, other).get)).rejects.toThrow(Busy)
})

test('an eTag that is no MD5 is not compared', async () => {
  const { get } = server(1e6, true)
  await download({ ...version, etag: `${etag.slice(1)}0-2` }, newPath(), get)
  const encrypted: GetFrom = async () =>
    answer(Readable.from([bytes]), bytes.length, { ServerSideEncryption: 'aws:kms' })
  await download({ ...version, etag: '0'.repeat(32) }, newPath(), encrypted)
})

test('a file that stands is not written over', async () => {
  await expect(download(version, folder, server(1e6, true).get)).rejects.toThrow('EEXIST')
})
