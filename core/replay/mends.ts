import { createReadStream } from 'node:fs'
import { Refused } from '../errors.ts'
import { shortHash } from '../names.ts'
import { csvLine } from '../text/csv-rows.ts'
import { type FixFile, fixFileOf, ownColumns, provenance, textOf } from './fix-file.ts'
import { isBelowReplay, parseReplayKey } from './replay.ts'

/** What a replay object says of itself: which rejects of which object its rows mend. */
export interface Mends {
  object: string
  version: string
  /** The source's record that each row mends, in the rows' order. */
  records: number[]
}

/** A row of a replay object. */
export interface MendedRow {
  record: number
  /** In the source. */
  line: number
  /** By label. */
  cells: Map<string, string>
}

/**
 * @param path the replay object's bytes
 * @throws Refused for anything but the rows of one version of the one source that its key names
 */
export async function readMends(path: string, key: string): Promise<Mends> {
  const bytes = createReadStream(path, { highWaterMark: 1 << 20 })
  const mends: Mends = { object: '', version: '', records: [] }
  const { rows } = await fixFileOf(textOf(bytes, key), key)
  for await (const { object, version, record } of rows) {
    if (mends.records.length === 0) Object.assign(mends, { object, version })
    const isSame = object === mends.object && version === mends.version
    if (!isSame || !(record > (mends.records.at(-1) ?? 0))) throw strange(key)
    mends.records.push(record)
  }
  const isOfKey = shortHash(mends.object) === parseReplayKey(key)?.hash
  if (!isOfKey || isBelowReplay(mends.object)) throw strange(key)
  return mends
}

function strange(key: string): Refused {
  return new Refused(
    `${key} is not as \`sluice replay\` writes it: the records of one version of the object that ` +
      'its name is the hash of, each once, in their order; remove it, and replay the mended rows',
  )
}

/** The rows of a replay object that stands, and whose version they are of. */
export async function rowsOfReplay(
  body: Buffer,
  key: string,
): Promise<Mends & { rows: MendedRow[] }> {
  const made = { object: '', version: '', records: [] as number[], rows: [] as MendedRow[] }
  const file: FixFile = await fixFileOf(textOf(once(body), key), key)
  for await (const { object, version, record, cells, source } of file.rows) {
    Object.assign(made, { object, version })
    made.records.push(record)
    const named = file.labels.map((label, i): [string, string] => [label, cells[i]!])
    made.rows.push({ record, line: source, cells: new Map(named) })
  }
  return made
}

async function* once(body: Buffer): AsyncIterable<Buffer> {
  yield body
}

/**
 * A replay object's text: the same rows, the same bytes.
 *
 * @param labels the data's columns; a cell that a row has not is empty
 */
export function replayText(
  { object, version }: Pick<Mends, 'object' | 'version'>,
  labels: string[],
  rows: MendedRow[],
): Buffer {
  const lines = rows
    .toSorted((a, b) => a.record - b.record)
    .map(({ record, line, cells }) => {
      const place = [object, version, String(record), String(line)]
      return csvLine([...place, ...labels.map((label) => cells.get(label) ?? '')])
    })
  return Buffer.from([csvLine([...ownColumns(provenance, labels), ...labels]), ...lines].join(''))
}
