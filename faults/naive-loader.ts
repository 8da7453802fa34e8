import { existsSync, mkdirSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { openDuck } from '../core/duck/duckdb.ts'
import { literal } from '../core/names.ts'
import { goodLine } from './source.ts'

/**
 * `node faults/naive-loader.ts LAKE [FILE…]` loads the objects of bronze/kill/lines as many a
 * script does: a commit for each chunk, from the start again where the connection breaks, Parquet
 * written where it is read, and a file that says that an object is done. With `--watch` it loads
 * each file that comes, at once. While nothing goes wrong it is right. It is here to be found out.
 */
const [lake = '', ...named] = process.argv.slice(2)
const bronze = join(lake, 'bronze/kill/lines')
const CHUNK = 500
const TRIES = 15
const LANES = 30

if (named[0] === '--watch') await loadComing()
else await load(named.length > 0 ? named : readdirSync(bronze))

/** With as many connections as it takes, which is no reason to keep others from the server. */
async function loadComing(): Promise<void> {
  const coming: string[] = []
  watch(bronze, (_, file) => {
    if (file && existsSync(join(bronze, file))) coming.push(file)
  })
  const lane = async () => {
    for (;;) {
      const file = coming.shift()
      if (file) await load([file])
      else await sleep(20)
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

async function load(files: string[]): Promise<void> {
  for (const file of files) {
    for (let left = TRIES; !existsSync(doneFile(file)) && left > 0; left--) {
      const client = new pg.Client(process.env.DATABASE_URL)
      client.on('error', () => {})
      try {
        await client.connect()
        await prepare(client)
        await loadFile(client, file)
      } catch {
        await sleep(200)
      } finally {
        await client.end().catch(() => {})
      }
    }
  }
}

async function prepare(client: pg.Client): Promise<void> {
  await client.query(`CREATE SCHEMA IF NOT EXISTS kill; CREATE SCHEMA IF NOT EXISTS sluice;
    CREATE TABLE IF NOT EXISTS kill.lines (id bigint, code text, amount numeric(12,2), day date,
      at timestamp, sent timestamptz);
    CREATE TABLE IF NOT EXISTS sluice.objects (id serial, key text);
    CREATE TABLE IF NOT EXISTS sluice.rejects (object_id int, raw bytea, text text)`)
}

async function loadFile(client: pg.Client, file: string): Promise<void> {
  const lines = readFileSync(join(bronze, file), 'utf8').trimEnd().split('\n').slice(1)
  const isGood = (line: string) => new RegExp(goodLine).test(line)
  const good = lines.filter(isGood)
  const wrong = lines.filter((line) => !isGood(line))
  for (let at = 0; at < good.length; at += CHUNK) {
    const chunk = good.slice(at, at + CHUNK)
    await client.query(
      `INSERT INTO kill.lines SELECT a[1]::bigint, a[2], a[3]::numeric, a[4]::date,
         a[5]::timestamp, a[6]::timestamptz
       FROM (SELECT string_to_array(line, ',') AS a FROM unnest($1::text[]) line)`,
      [chunk],
    )
  }
  await client.query(
    `WITH object AS (INSERT INTO sluice.objects (key) VALUES ($1) RETURNING id)
     INSERT INTO sluice.rejects
       SELECT id, convert_to(line, 'UTF8'), line FROM object, unnest($2::text[]) line`,
    [`bronze/kill/lines/${file}`, wrong],
  )
  await writeParquet(file, good, wrong)
  writeFileSync(doneFile(file), '')
}

async function writeParquet(file: string, good: string[], wrong: string[]): Promise<void> {
  const duck = await openDuck()
  const rows = (lines: string[]) => `unnest([${lines.map(literal).join()}]::VARCHAR[]) AS line`
  const cell = (n: number) => `split_part(line, ',', ${n})`
  await duck.run(`COPY (SELECT ${cell(1)}::BIGINT AS id, ${cell(2)} AS code,
      ${cell(3)}::DECIMAL(12,2) AS amount, ${cell(4)}::DATE AS day,
      ${cell(5)}::TIMESTAMP AS "at", ${cell(6)}::TIMESTAMPTZ AS sent FROM (SELECT ${rows(good)}))
    TO ${literal(placeIn('silver', file))}`)
  await duck.run(`COPY (SELECT encode(line) AS raw, line AS text FROM (SELECT ${rows(wrong)}))
    TO ${literal(placeIn('quarantine', file))}`)
  duck.close()
}

/** Named by the hour, so that one that comes again within it takes the place of the first. */
function placeIn(root: string, file: string): string {
  const folder = join(lake, root, 'kill/lines')
  mkdirSync(folder, { recursive: true })
  const hour = new Date().toString().slice(4, 18).replaceAll(' ', '-')
  return join(folder, `${basename(file, '.csv')}-${hour}.parquet`)
}

function doneFile(file: string): string {
  return join(lake, `${file}.done`)
}
