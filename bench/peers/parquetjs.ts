import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { parse } from 'csv-parse'
// @ts-expect-error: it has no types
import parquetjs from 'parquetjs-lite'
import type { Column } from '../lineitem.ts'

/**
 * CSV → Parquet as a script of Node's best known packages has it: csv-parse skips a record of
 * another number of cells, what cannot be cast is null; parquetjs-lite has no decimals, no zstd.
 */
interface Task {
  file: string
  out: string
  columns: Column[]
}

const types: Record<string, string> = {
  integer: 'INT64',
  number: 'DOUBLE',
  string: 'UTF8',
  date: 'DATE',
}

const { file, out, columns }: Task = JSON.parse(process.argv[2] ?? '')
const kinds = new Map(columns)
const started = performance.now()
const fields = columns.map(([name, kind]) => {
  return [name, { type: types[kind], compression: 'SNAPPY', optional: true }]
})
const schema = new parquetjs.ParquetSchema(Object.fromEntries(fields))
const writer = await parquetjs.ParquetWriter.openFile(schema, `${out}/parquetjs.parquet`)
const text = createReadStream(file)
const parser = parse({
  columns: true,
  skip_records_with_error: true,
  cast: (cell, { column, header }) => (header ? cell : castOf(cell, kinds.get(String(column)))),
})
const source = file.endsWith('.gz') ? text.pipe(createGunzip()).pipe(parser) : text.pipe(parser)
for await (const record of source) await writer.appendRow(record)
await writer.close()
process.stdout.write(`${JSON.stringify({ seconds: (performance.now() - started) / 1000 })}\n`)

function castOf(cell: string, kind = 'string'): string | number | Date | null {
  if (kind === 'string') return cell
  const value = kind === 'date' ? new Date(cell) : Number(cell)
  return Number.isNaN(Number(value)) ? null : value
}
