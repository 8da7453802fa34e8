import * as z from 'zod'
import { shortHash } from '../names.ts'
import type { ObjectVersion } from '../store/object-store.ts'

/**
 * Silver's commit record of one object: which version its files hold, and what became of every
 * record. It lies with the files: `silver/<package>/<dataset>/_manifests/<object hash>.json`.
 */
const manifest = z.object({
  object: z.string(),
  dataset: z.string(),
  status: z.enum(['loaded', 'refused']),
  reason: z.string().optional(),
  /** The version looked at last, and the contract (its descriptor's hash) it was judged by. */
  etag: z.string(),
  versionId: z.string().optional(),
  size: z.number(),
  modified: z.string(),
  contract: z.string(),
  records: z.number(),
  accepted: z.number(),
  rejected: z.number(),
  /** What the work took, its files put among it, in seconds; none knows that of older ones. */
  seconds: z.number().optional(),
  /** The eTag of the version whose rows stand, if any does. */
  standing: z.string().optional(),
  /** When that version was modified: of two objects with the same key, the later one wins. */
  standingModified: z.string().optional(),
  /** Of a replay object: whose rejects it mends; void where its rows went with that version. */
  mends: z.object({ object: z.string(), version: z.string(), void: z.boolean() }).optional(),
})
export type Manifest = z.infer<typeof manifest>

export function parseManifest(json: unknown): Manifest {
  return manifest.parse(json)
}

/** Where a dataset's Parquet lies: `silver/shop/orders`, `quarantine/shop/orders`. */
export function folderOf(tree: 'silver' | 'quarantine', dataset: string): string {
  return `${tree}/${dataset.replace('.', '/')}`
}

export function manifestKey(dataset: string, key: string): string {
  return `${folderOf('silver', dataset)}/_manifests/${shortHash(key)}.json`
}

/**
 * What the writing of Parquet depends on beside version and contract. To be raised when the same
 * input would become other rows.
 */
const ENGINE = 1

/**
 * `<object>-<version and contract>`: with the epoch behind it, a name means the same rows for ever.
 */
export function fileStem(version: ObjectVersion, contract: string): string {
  const content = `${version.versionId ?? ''}/${version.etag}/${contract}/${ENGINE}`
  return `${shortHash(version.key)}-${shortHash(content)}`
}
