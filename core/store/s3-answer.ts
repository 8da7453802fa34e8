import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { GetObjectCommandOutput, ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import { Busy } from '../errors.ts'
import type { ObjectVersion } from './object-store.ts'

/**
 * What an answer of S3 tells, and whether it is all of it. The SDK compares a body with a checksum
 * where there is one, and with nothing else: a short body of an object of several parts, or an
 * empty list, passes.
 */

/** What every answer tells of a version. */
export interface Told {
  ETag?: string | undefined
  LastModified?: Date | undefined
  VersionId?: string | undefined
}

/** @throws Error where the answer lacks what S3 always tells */
export function versionOf(key: string, size: number | undefined, answer: Told): ObjectVersion {
  if (size === undefined || !answer.LastModified) throw new Error(`S3 told too little of ${key}`)
  return {
    key,
    size,
    etag: bare(answer.ETag),
    modified: answer.LastModified,
    ...(answer.VersionId && { versionId: answer.VersionId }),
  }
}

/** An eTag without its quotes. */
export function bare(etag: string | undefined): string {
  if (!etag) throw new Error('S3 answered without an eTag')
  return etag.replaceAll('"', '')
}

export function isFault(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name
}

export function streamOf({ Body }: GetObjectCommandOutput): Readable {
  if (Body instanceof Readable) return Body
  throw new Error('S3 answered GetObject without a body')
}

/** @throws Busy where another length is offered, or was read, than that of the version */
export function expectLength(
  { key, etag }: ObjectVersion,
  expected: number,
  found: number | undefined,
): void {
  if (found === expected) return
  throw new Busy(`${key} is not ${etag}: ${found} bytes were offered, not ${expected}`)
}

/**
 * An eTag is the content's MD5, but for multipart uploads (a dash) and keys of KMS or the client.
 */
export function isMd5(etag: string, answer: GetObjectCommandOutput): boolean {
  const own = answer.ServerSideEncryption?.startsWith('aws:kms') || answer.SSECustomerAlgorithm
  return !own && /^[0-9a-f]{32}$/.test(etag)
}

/** @throws Busy where the eTag is an MD5, and another one than that of what was read */
export function expectMd5(
  { key, etag }: ObjectVersion,
  answer: GetObjectCommandOutput,
  found: string,
): void {
  if (!isMd5(etag, answer) || found === etag) return
  throw new Busy(`${key} is not ${etag}: the MD5 of what was read is ${found}`)
}

/**
 * The whole body of a GET, of a small object.
 *
 * @throws Busy where its eTag is an MD5, and another one than the body's; what broke the body off
 */
export async function bodyOf(key: string, answer: GetObjectCommandOutput) {
  const chunks: Buffer[] = []
  for await (const chunk of streamOf(answer)) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const version = versionOf(key, body.length, answer)
  expectMd5(version, answer, createHash('md5').update(body).digest('hex'))
  return { version, body }
}

/** @throws Error for a page without all of its keys: an empty body would be the last page */
export function expectAll(prefix: string, page: ListObjectsV2CommandOutput): void {
  const keys = page.Contents?.length ?? 0
  if (page.IsTruncated !== undefined && page.KeyCount === keys) return
  throw new Error(`the list of ${prefix} was cut short: ${keys} keys, not ${page.KeyCount}`)
}
