import type { Lake } from '../lake.ts'
import { fileLiteral } from '../names.ts'
import type { KeptError } from '../replay/kept.ts'
import { standingRejects } from '../standing.ts'
import type { ObjectStore } from '../store/object-store.ts'

/** One error of a record that came by a stream. */
export interface StreamError extends Omit<KeptError, 'object' | 'dataset' | 'record'> {
  /** The object that it was published from, and its number there; null of other producers. */
  object: string | null
  dataset: string
  record: number | null
  shard: string
  sequence: string
}

/** Every error of every record in the quarantine of streams, file by file. */
export async function* streamRejectsOf(
  { store, withScratch }: Lake,
  dataset: string | undefined,
): AsyncIterable<StreamError> {
  const datasets = dataset === undefined ? await streamedDatasets(store) : [dataset]
  for (const name of datasets) {
    for (const version of await standingRejects(store, name)) {
      const copy = await store.open(version)
      try {
        yield* await withScratch(0, (_, duck) => duck.all(errorsIn(copy.path))).then(toErrors(name))
      } finally {
        await copy.release()
      }
    }
  }
}

async function streamedDatasets(store: ObjectStore): Promise<string[]> {
  const found = new Set<string>()
  for await (const { key } of store.list('quarantine/')) {
    const parts = key.split('/')
    if (parts.at(-2) === 'stream') found.add(parts.slice(1, -2).join('.'))
  }
  return [...found]
}

function errorsIn(path: string): string {
  return `SELECT object, line, record, e.rule, e.field, e.value, e.message, text, shard, sequence
    FROM (SELECT *, unnest(errors) AS e FROM read_parquet(${fileLiteral(path)}))
    ORDER BY object, record, sequence, line`
}

function toErrors(dataset: string): (rows: unknown[][]) => StreamError[] {
  const number = (value: unknown) => (value === null ? null : Number(value))
  return (rows) =>
    rows.map(([object, line, record, rule, field, value, message, raw, shard, sequence]) => ({
      ...({ object, dataset, rule, field, value, message, raw, shard, sequence } as StreamError),
      line: Number(line),
      record: number(record),
    }))
}
