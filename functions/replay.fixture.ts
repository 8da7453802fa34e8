import { shortHash } from '../core/names.ts'
import type { TestLake } from './stages.fixture.ts'

/** Replay objects as `sluice replay` writes them, of sources in `bronze/p/t/`. */

export const replayOf = (source: string, table = 't') =>
  `bronze/p/_replay/${table}/${shortHash(source)}.csv`

/** The version of an object that stands now. */
export async function etagOf(files: TestLake, key: string): Promise<string> {
  return (await files.lake.store.head(key))!.etag
}

/**
 * Puts the replay object of a source.
 *
 * @param rows by the source's record
 */
export function putReplay(
  files: TestLake,
  source: string,
  version: string,
  header: string,
  rows: Record<number, string>,
): string {
  const lines = Object.entries(rows).map(([record, cells]) =>
    [source, version, record, Number(record) + 1, cells].join(','),
  )
  const text = [`_object,_version,_record,_line,${header}`, ...lines, ''].join('\n')
  files.put(replayOf(source), text)
  return replayOf(source)
}
