import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { posix } from 'node:path'
import { Refused } from '../errors.ts'
import { type ResourceDescriptor, where } from './descriptor.ts'

/** What a descriptor says of the bytes of its objects. */
export interface Stored {
  /** Undefined where the ending of each object's name says it. */
  compression: Compression | undefined
  /** Of the one object that `path` names: the standard's `bytes` and `hash`, of it as stored. */
  key: string | undefined
  bytes: number | undefined
  hash: { algorithm: string; hex: string } | undefined
}

export type Compression = 'gz' | 'zst'

const algorithms = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512']

type Where = { file: string; path: (string | number)[] }

/**
 * `compression` (of frictionless), `bytes` and `hash` of a resource
 * (https://datapackage.org/standard/data-resource/#hash). A list of several files has no object of
 * its own that they could be of.
 *
 * @throws Refused for a compression or a hash that cannot be read
 */
export function storedOf(found: ResourceDescriptor, at: Where): Stored {
  const [path, ...more] = found.path ?? []
  const isOne = path !== undefined && more.length === 0
  return {
    compression: compressionOf(found.compression ?? '', at),
    key: isOne ? posix.join(posix.dirname(at.file), path) : undefined,
    bytes: found.bytes ?? undefined,
    hash: found.hash ? hashOf(found.hash, at) : undefined,
  }
}

function compressionOf(found: string, at: Where): Stored['compression'] {
  // As the referee has it: `no` is an old word for nothing.
  if (found === '' || found === 'no') return undefined
  if (found === 'gz' || found === 'zst') return found
  return refuse(at, 'compression', found, 'gz, zst; pack the file anew')
}

function hashOf(found: string, at: Where): Stored['hash'] {
  const [, algorithm = 'md5', hex = ''] = /^(?:([^:]*):)?(.*)$/s.exec(found) ?? []
  if (algorithms.includes(algorithm) && /^[0-9a-f]+$/i.test(hex)) {
    return { algorithm, hex: hex.toLowerCase() }
  }
  const allowed = `an MD5 in hex, or another one after its name: ${algorithms.join(', ')}`
  return refuse(at, 'hash', found, `${allowed}; take it out where it cannot be`)
}

function refuse(at: Where, name: string, found: string, allowed: string): never {
  const place = where([...at.path, name])
  throw new Refused(`${at.file}: ${place}: found ${JSON.stringify(found)}; allowed: ${allowed}`)
}

/**
 * Compares an object's stored bytes with what the descriptor says of them.
 *
 * @param path the object's bytes on this machine; `key` in the lake
 * @throws Refused for a mismatch: `byte-count`, `hash-count`, as the referee calls them
 */
export async function checkStored(path: string, key: string, stored: Stored): Promise<void> {
  if (key !== stored.key) return
  const { bytes, hash } = stored
  const cure = 'the file was changed or cut: put it anew, or correct the descriptor'
  const size = bytes === undefined ? undefined : statSync(path).size
  if (size !== bytes) {
    throw new Refused(
      `byte-count: the file has ${size} bytes, the descriptor says ${bytes}; ${cure}`,
    )
  }
  if (!hash) return
  const found = await hashed(path, hash.algorithm)
  if (found === hash.hex) return
  const told = `${hash.algorithm} of the file is ${found}, the descriptor says ${hash.hex}`
  throw new Refused(`hash-count: the ${told}; ${cure}`)
}

async function hashed(path: string, algorithm: string): Promise<string> {
  const hash = createHash(algorithm)
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk)
  return hash.digest('hex')
}
