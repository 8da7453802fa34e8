import { posix } from 'node:path'
import { Refused } from '../errors.ts'
import { shortHash } from '../names.ts'
import type { ObjectStore, ObjectVersion } from '../store/object-store.ts'
import { isWithin } from './contract.ts'
import { parsePart, Unread } from './descriptor.ts'
import { type Package, tooLarge } from './package.ts'

/**
 * Parts of a descriptor that stand in files of their own, as the standard lets them: `schema:
 * schema.json`, `dialect: dialect.yaml` (https://datapackage.org/standard/glossary/#url-or-path).
 */

const parts = ['schema', 'dialect'] as const

/** Of each part its version; undefined for what is not there. */
type Versions = (ObjectVersion | undefined)[]

/**
 * The package with each part in the place of its path, and in its hash. A part that is not there,
 * or is no part, breaks only the resources that refer to it.
 */
export async function withParts(
  store: ObjectStore,
  found: Package,
): Promise<{ read: Package; versions: Versions }> {
  const keys = [...new Set(pathsOf(found).filter(isWithin))].map((path) => keyOf(found, path))
  if (pathsOf(found).length === 0) return { read: found, versions: [] }
  const files = await Promise.all(keys.map((key) => getPart(store, key)))
  const bodies = new Map(keys.map((key, i) => [key, files[i]?.body]))
  const resources = found.outline!.resources.map((resource) => {
    const named = parts.filter((name) => typeof resource[name] === 'string')
    const read = named.map((name) => [name, readPart(found, resource[name] as string, bodies)])
    return { ...resource, ...Object.fromEntries(read) }
  })
  const hash = keys.reduce((all, key) => {
    return shortHash(`${all} ${key} ${bodies.get(key)?.toString('base64')}`)
  }, found.hash)
  const read = { ...found, outline: { ...found.outline!, resources }, hash, parts: keys }
  return { read, versions: files.map((file) => file?.version) }
}

/** A part may be any file below the folder: of one that is too large, why it is not read. */
async function getPart(
  store: ObjectStore,
  key: string,
): Promise<{ version: ObjectVersion; body: Buffer | string } | undefined> {
  const version = await store.head(key)
  const why = version && tooLarge(version)
  return why ? { version, body: why } : store.get(key)
}

function pathsOf({ outline }: Package): string[] {
  const all = (outline?.resources ?? []).flatMap((one) => parts.map((name) => one[name]))
  return all.filter((found) => typeof found === 'string')
}

function keyOf({ folder }: Package, path: string): string {
  return posix.join(folder, path)
}

function readPart(
  found: Package,
  path: string,
  bodies: Map<string, Buffer | string | undefined>,
): object | Unread {
  const told = JSON.stringify(path)
  if (!isWithin(path)) {
    return new Unread(`found ${told}; allowed: an object, or a path at or below this folder`)
  }
  const key = keyOf(found, path)
  const body = bodies.get(key)
  if (!body) return new Unread(`refers to ${key}, and no such file is there: put it there`)
  if (typeof body === 'string') return new Unread(`refers to ${key}: ${body}`)
  try {
    return parsePart(body.toString('utf8'), key)
  } catch (error) {
    if (error instanceof Refused)
      return new Unread(`refers to a part that is broken: ${error.message}`)
    throw error
  }
}
