import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { version } from '../cli/version.ts'
import type { Database } from '../core/database/database.ts'
import type { Lake } from '../core/lake.ts'
import type { StreamClient } from '../core/stream/kinesis.ts'
import type { Pipeline } from '../local/pipeline.ts'
import type { Live } from './live.ts'
import type { Place } from './shapes.ts'

/** What every route of the console works on. */
export interface ConsolePlace {
  lake: Lake
  database: Database
  live: Live
  /** What this very process does with what comes; nothing where another one does it. */
  work?: Pick<Pipeline, 'look'> | undefined
  /** A stream of this very process, by its name; else STREAM_NAME says which one can be asked. */
  stream?: ((name: string) => StreamClient | undefined) | undefined
  /** Bytes: a larger file is refused. */
  uploadLimit?: number | undefined
  /** Told of what nobody has asked for, and that keeps the page from being told. */
  say?: ((text: string) => void) | undefined
}

/** What a file may have where nothing else is said: 1 GiB. */
const UPLOAD_LIMIT = 2 ** 30

/** Of what is no upload, 1 MB: a query, or the cells of a record. */
export const JSON_LIMIT = 1_000_000

export function uploadLimitOf({ uploadLimit }: ConsolePlace): number {
  return uploadLimit ?? UPLOAD_LIMIT
}

export function placeOf(place: ConsolePlace): Place {
  return {
    lake: lakeName(place.lake.store.url),
    version,
    loads: place.work !== undefined,
    uploadLimit: uploadLimitOf(place),
  }
}

/** A lake as the page shows it: `s3://bucket`, or the name of its folder alone. */
export function lakeName(url: string): string {
  if (!url.startsWith('file://')) return url
  return basename(fileURLToPath(url)) || 'lake'
}
