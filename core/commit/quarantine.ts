import { join } from 'node:path'
import type { Duck } from '../duck/duckdb.ts'
import { fileLiteral, literal } from '../names.ts'
import { csvRow, errorShape, LINES, MAX_RECORD, type RowError, shown } from '../rejects.ts'
import type { ShardId } from '../stream/checkpoint.ts'
import { TextFile } from '../text/text-file.ts'

/** A record of a stream that could not go: all that is known of it, so that it can be mended. */
export interface StreamReject {
  /** The object that it was published from, with its version, and its number there; or null. */
  object: string | null
  version: string | null
  record: number | null
  /** In the object; else in the payload of the Kinesis record. */
  line: number
  sequence: string
  /** The shard that it first stood in, where it was put again. */
  origin?: ShardId
  /** Its bytes as they stood in the object; or its part of the payload. */
  raw: Buffer
  /** For the eye; without it, `raw` as UTF-8. */
  text?: string
  errors: RowError[]
}

/** Collects the rejects of one dataset in one commit, on disk, and writes them as Parquet. */
export class Quarantine {
  count = 0
  readonly #path: string
  #file: TextFile | undefined

  constructor(folder: string, name: string) {
    this.#path = join(folder, `${name}.csv`)
  }

  async add(reject: StreamReject): Promise<void> {
    this.#file ??= await TextFile.create(this.#path)
    this.count++
    const { object, version, record, line, sequence, errors, origin } = reject
    const raw = reject.raw.subarray(0, MAX_RECORD)
    const text = reject.text ?? shown(raw, 'utf-8')
    const errorsText = shownErrors(errors)
    const place = [origin?.stream ?? null, origin?.shard ?? null, sequence]
    const read = [raw.toString('hex'), text, errorsText]
    await this.#file.write(csvRow([object, version, record, line, ...read, ...place]))
  }

  /**
   * @param place the stream and shard, the same for all that were not put again
   * @param metadata options of COPY that say what goes into the footer
   */
  async write(
    duck: Duck,
    place: { stream: string; shard: string },
    path: string,
    metadata: string,
  ): Promise<void> {
    if (!this.#file) return
    await this.#file.close()
    await duck.run(`COPY (SELECT object, version, record, line, unhex(raw) AS raw, text,
        from_json(errors, '${errorShape}') AS errors,
        coalesce(stream, ${literal(place.stream)}) AS stream,
        coalesce(shard, ${literal(place.shard)}) AS shard, sequence
      FROM read_csv(${fileLiteral(this.#path)}, auto_detect = false, header = false, delim = ',',
        quote = '"', escape = '"', new_line = '\\n', allow_quoted_nulls = false,
        max_line_size = ${8 * MAX_RECORD}, buffer_size = ${LINES},
        columns = {'object': 'VARCHAR', 'version': 'VARCHAR',
          'record': 'BIGINT', 'line': 'BIGINT', 'raw': 'VARCHAR', 'text': 'VARCHAR',
          'errors': 'VARCHAR', 'stream': 'VARCHAR', 'shard': 'VARCHAR', 'sequence': 'VARCHAR'}))
      TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd${metadata})`)
  }
}

/** Characters of one text in an error. */
const SHOWN = 10_000

/** As JSON in a line that DuckDB reads: a hostile record may have a million errors. */
function shownErrors(errors: RowError[]): string {
  const shown: string[] = []
  let length = 0
  for (const error of errors) {
    const text = JSON.stringify(error, (_, value) =>
      typeof value === 'string' ? plain(value) : value,
    )
    length += text.length
    if (length > MAX_RECORD) {
      const message = `${errors.length - shown.length} more errors are not kept`
      shown.push(JSON.stringify({ rule: 'too-long', message }))
      break
    }
    shown.push(text)
  }
  return `[${shown.join()}]`
}

function plain(text: string): string {
  return text.slice(0, SHOWN).replaceAll('\0', '\ufffd').toWellFormed()
}

/** A file of rejects without a row: a fence for quarantine. */
export const emptyRejects = `SELECT NULL::VARCHAR AS object, NULL::VARCHAR AS version,
  NULL::BIGINT AS record, NULL::BIGINT AS line, NULL::BLOB AS raw, NULL::VARCHAR AS text,
  from_json('[]', '${errorShape}') AS errors, NULL::VARCHAR AS stream, NULL::VARCHAR AS shard,
  NULL::VARCHAR AS sequence LIMIT 0`
