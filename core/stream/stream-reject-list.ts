import { SHOWN_TEXT } from '../database/reject-list.ts'
import { MAX_RULES, type RuleCount } from '../database/reject-rules.ts'
import type { Duck } from '../duck/duckdb.ts'
import type { Lake } from '../lake.ts'
import { fileLiteral, literal } from '../names.ts'
import type { RowError } from '../rejects.ts'
import { standingRejects } from '../standing.ts'
import type { ObjectStore, ObjectVersion } from '../store/object-store.ts'
import { Pinned } from '../store/pinned.ts'

/**
 * The records of a streamed dataset that are in quarantine, as a list to page through: file by
 * file, the newest first. They may be many files, and are looked at only as far as a page reaches.
 */

/** Where a list goes on: in this file, behind this row of it. */
export interface StreamPlace {
  /** When the file was written, ms since 1970. */
  at: number
  /** Of files of one time, the greater key comes first. */
  key: string
  /** From 0; -1 before the first. */
  row: number
}

export interface StreamRejectsAsked {
  /** A key; or every one, and what came without an object. */
  object?: string | undefined
  /** Whether what was published from Bronze is left out: the ledger has it. */
  foreign: boolean
  rule?: string | undefined
  /** null: what is wrong with a record as a whole. */
  field?: string | null | undefined
  search?: string | undefined
}

export interface StreamedReject {
  object: string | null
  version: string | null
  record: number | null
  line: number
  /** So much of it as is shown, and one character more where there is more. */
  text: string
  errors: RowError[]
  shard: string
  sequence: string
}

/**
 * @param after undefined for the first of them
 * @param until when (by `performance.now()`) no further file is read; the first always is
 */
export async function listStreamRejects(
  lake: Lake,
  dataset: string,
  asked: StreamRejectsAsked,
  after: StreamPlace | undefined,
  limit: number,
  until: number,
): Promise<{ rows: StreamedReject[]; next: StreamPlace | undefined }> {
  const files = newestFirst(await standingRejects(lake.store, dataset))
  const rest = after ? files.filter((file) => compare(after, placeOf(file)) <= 0) : files
  const found: { row: StreamedReject; place: StreamPlace }[] = []
  const page = (next?: StreamPlace) => ({ rows: found.map(({ row }) => row), next })
  return lake.withScratch(0, async (_, duck) => {
    for (const [i, file] of rest.entries()) {
      const row = file.key === after?.key ? after.row : -1
      const wanted = limit + 1 - found.length
      found.push(...(await rowsOf(lake.store, duck, file, asked, row, wanted)))
      if (found.length > limit) {
        found.length = limit
        return page(found.at(-1)!.place)
      }
      const following = rest[i + 1]
      if (following && performance.now() > until) return page(placeOf(following))
    }
    return page()
  })
}

function placeOf({ modified, key }: ObjectVersion): StreamPlace {
  return { at: modified.getTime(), key, row: -1 }
}

function newestFirst(files: ObjectVersion[]): ObjectVersion[] {
  return files.toSorted((a, b) => compare(placeOf(a), placeOf(b)))
}

/** Below 0 where `a` comes first. */
function compare(a: StreamPlace, b: StreamPlace): number {
  return b.at - a.at || Buffer.compare(Buffer.from(b.key), Buffer.from(a.key))
}

async function rowsOf(
  store: ObjectStore,
  duck: Duck,
  file: ObjectVersion,
  asked: StreamRejectsAsked,
  after: number,
  limit: number,
): Promise<{ row: StreamedReject; place: StreamPlace }[]> {
  const copy = await store.open(file)
  try {
    const rows = await duck.all(`SELECT object, version, record, line,
        left(text, ${SHOWN_TEXT + 1}), to_json(errors)::VARCHAR, shard, sequence, file_row_number
      FROM read_parquet(${fileLiteral(copy.path)}, file_row_number = true)
      WHERE file_row_number > ${after} AND ${conditions(asked)}
      ORDER BY file_row_number LIMIT ${limit}`)
    return rows.map((row) => ({
      row: rejectOf(row),
      place: { ...placeOf(file), row: Number(row[8]) },
    }))
  } finally {
    await copy.release()
  }
}

function rejectOf(row: unknown[]): StreamedReject {
  const [object, version, record, line, text, errors, shard, sequence] = row
  return {
    ...({ object, version, text, shard, sequence } as StreamedReject),
    record: record === null ? null : Number(record),
    line: Number(line),
    errors: JSON.parse(errors as string) as RowError[],
  }
}

function conditions({ object, foreign, rule, field, search }: StreamRejectsAsked): string {
  const which = ['true']
  if (object !== undefined) which.push(`object = ${literal(object)}`)
  if (foreign) which.push(`(object IS NULL OR NOT starts_with(object, 'bronze/'))`)
  const ofError = [
    ...(rule === undefined ? [] : [`e.rule = ${literal(rule)}`]),
    ...(field === undefined ? [] : [fieldIs(field)]),
  ]
  if (ofError.length > 0) {
    which.push(`len(list_filter(errors, lambda e: ${ofError.join(' AND ')})) > 0`)
  }
  if (search !== undefined) {
    which.push(`contains(lower(left(text, ${SHOWN_TEXT})), lower(${literal(search)}))`)
  }
  return which.join(' AND ')
}

function fieldIs(field: string | null): string {
  return field === null ? 'e.field IS NULL' : `e.field = ${literal(field)}`
}

/** Files that are looked at for their rules, and bytes of them. */
const [FILES, BYTES] = [200, 32 << 20]

/**
 * Which rules rejected how many records of a streamed dataset, in its newest files.
 *
 * @returns and how many records those files have
 */
export async function countStreamRules(
  { store, withScratch }: Lake,
  dataset: string,
  asked: Pick<StreamRejectsAsked, 'object' | 'foreign'>,
): Promise<{ rules: RuleCount[]; records: number }> {
  const all = newestFirst(await standingRejects(store, dataset)).slice(0, FILES)
  let bytes = 0
  const files = all.filter(({ size }) => {
    bytes += size
    return bytes <= BYTES
  })
  if (files.length === 0) return { rules: [], records: 0 }
  const pinned = new Pinned(store)
  try {
    const paths = await pinned.paths(files)
    const from = `read_parquet([${paths.map(fileLiteral).join(', ')}]) WHERE ${conditions(asked)}`
    return await withScratch(0, async (_, duck) => {
      const rows = await duck.all(`SELECT e.rule, e.field, count(*) AS n
        FROM (SELECT unnest(list_distinct(list_transform(errors,
          lambda e: {'rule': e.rule, 'field': e.field}))) AS e FROM ${from})
        GROUP BY ALL ORDER BY n DESC, 1, 2 LIMIT ${MAX_RULES}`)
      const [[records = 0] = []] = await duck.all(`SELECT count(*) FROM ${from}`)
      return { rules: rows.map(ruleOf), records: Number(records) }
    })
  } finally {
    await pinned.release()
  }
}

function ruleOf([rule, field, records]: unknown[]): RuleCount {
  return { rule: rule as string, field: field as string | null, records: Number(records) }
}
