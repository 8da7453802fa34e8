import type { ObjectDetail } from '../shapes.ts'
import { CopyButton } from './copy-button.tsx'
import { bytes, count } from './format.ts'
import { type Column, Table } from './table.tsx'
import { KeyText } from './text.tsx'

type ParquetFile = ObjectDetail['files'][number]

const columns: Column<ParquetFile>[] = [
  { label: 'File', kind: 'key', cell: ({ key }) => <KeyText text={key} /> },
  { label: 'Holds', kind: 'word', cell: ({ kind }) => holds[kind] },
  { label: 'Size', kind: 'number', cell: ({ size }) => bytes(size) },
]

const holds = { silver: 'accepted records', quarantine: 'rejects' }

/** So many are shown: partitions of one object may be thousands. */
const SHOWN = 200

/** Where an object's rows are: in Postgres, by a query to copy; in the lake, by file. */
export function ObjectFiles({ object }: { object: ObjectDetail }) {
  const { files, filesLeft = 0, sql, table } = object
  const unseen = filesLeft + Math.max(0, files.length - SHOWN)
  return (
    <>
      {sql && (
        <section class="panel" aria-label="Rows in Postgres">
          <header>
            <h2>
              Rows in Postgres
              {table && table.rows !== null && (
                <span class="soft">
                  {' '}
                  {count(table.rows)} in {table.name}
                </span>
              )}
            </h2>
            <CopyButton text={sql} what="SQL" />
          </header>
          <div class="inside">
            <pre class="sql">{sql}</pre>
          </div>
        </section>
      )}
      {files.length > 0 && (
        <section class="panel" aria-label="Parquet files">
          <header>
            <h2>
              Parquet{' '}
              <span class="soft">
                {count(files.length + filesLeft)}{' '}
                {files.length + filesLeft === 1 ? 'file' : 'files'}
                {filesLeft === 0 && `, ${bytes(files.reduce((sum, { size }) => sum + size, 0))}`}
              </span>
            </h2>
          </header>
          <Table
            caption="Parquet files of this object"
            columns={columns}
            rows={files.slice(0, SHOWN)}
            keyOf={({ key }) => key}
            stack
          />
          {unseen > 0 && <p class="pager">{count(unseen)} more: the manifest names them.</p>}
        </section>
      )}
    </>
  )
}
