import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { openDuck } from '../core/duckdb.ts'
import { literal } from '../core/names.ts'
import { openPostgres } from '../core/postgres.ts'

/**
 * `node faults/naive-loader.ts LAKE` loads bronze/kill/lines/0.csv as many a script does: a commit
 * for each chunk, Parquet written where it is read, and a JSON file that says that it is done. It
 * is here to be found out: a crash at the wrong moment leaves rows twice and half a file.
 */
const lake = process.argv[2] ?? ''
const done = join(lake, 'done.json')
const file = join(lake, 'bronze/kill/lines/0.csv')
const CHUNK = 500
const columns = ['id', 'code', 'amount', 'day']

if (!existsSync(done)) {
  const database = openPostgres(process.env.DATABASE_URL ?? '')
  await database.transaction((tx) =>
    tx.script(`CREATE SCHEMA IF NOT EXISTS kill;
      CREATE TABLE IF NOT EXISTS kill.lines
        (id bigint, code text, amount numeric(12,2), day date)`),
  )
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(1)
  for (let at = 0; at < lines.length; at += CHUNK) {
    const chunk = `${lines.slice(at, at + CHUNK).join('\n')}\n`
    await database.transaction((tx) =>
      tx.copy({ table: 'kill.lines', columns }, Readable.from([chunk])),
    )
  }
  await database.end()
  const folder = join(lake, 'silver/kill/lines')
  mkdirSync(folder, { recursive: true })
  const duck = await openDuck()
  await duck.run(`COPY (SELECT id, code, amount::DECIMAL(12,2) AS amount, day
    FROM read_csv(${literal(file)})) TO ${literal(join(folder, `${process.pid}.parquet`))}`)
  writeFileSync(done, '{}')
}
