import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pythonCommand } from './python.ts'
import { lackOf } from './tools.ts'

/** A CSV and the table that it goes into. */
interface Load {
  /** For what a peer needs beside it. */
  folder: string
  file: string
  /** In the schema `bench`. */
  table: string
  /** Its primary key, where rows that are there already are to be replaced. */
  key?: string[] | undefined
  columns: string[]
}

/** Who loads it otherwise, and the command that does it into the database of that URL. */
interface Loader {
  name: string
  cannot?: string | undefined
  command(url: string): string[]
}

/** An upsert goes through a table beside it, as none of them has another way for so many rows. */
export function peersOf(load: Load): Loader[] {
  const pandas = (name: string, copy: boolean): Loader => ({
    name,
    command: (url) => pythonCommand('postgres_pandas', { ...load, url, copy, merge: merge(load) }),
  })
  return [
    { name: 'psql, \\copy', cannot: lackOf('psql'), command: (url) => psql(url, load) },
    { name: 'pgloader', cannot: lackOf('pgloader'), command: (url) => pgloader(url, load) },
    pandas('pandas, to_sql by COPY', true),
    pandas('pandas, to_sql', false),
  ]
}

function merge({ table, key, columns }: Load): string[] {
  if (!key) return []
  const names = columns.join(', ')
  const others = columns.filter((name) => !key.includes(name))
  const set = others.map((name) => `${name} = excluded.${name}`).join(', ')
  return [
    `CREATE UNLOGGED TABLE bench.beside AS SELECT ${names} FROM bench.${table} WHERE false`,
    `INSERT INTO bench.${table} (${names}) SELECT ${names} FROM bench.beside
      ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${set}`,
    'DROP TABLE bench.beside',
  ]
}

function psql(url: string, load: Load): string[] {
  const { file, table, key, columns } = load
  const [before, ...after] = merge(load)
  const into = key ? 'beside' : table
  const copy = `\\copy bench.${into} (${columns.join(', ')}) from '${file}' csv header`
  const steps = ['\\timing on', ...(before ? [before] : []), copy, ...after]
  const args = steps.flatMap((step) => ['-c', step])
  return ['psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', ...args, url]
}

/** A command file for a plain CSV, as its manual has it. */
function pgloader(url: string, load: Load): string[] {
  const { folder, file, table, key, columns } = load
  const [before, ...after] = merge(load).map((statement) => `$$ ${statement} $$`)
  const path = join(folder, 'pgloader.load')
  const names = columns.join(', ')
  const text = `LOAD CSV
    FROM '${file}' (${names})
    INTO ${url}
    TARGET TABLE bench.${key ? 'beside' : table} (${names})
    WITH skip header = 1, fields terminated by ',', fields optionally enclosed by '"'
    ${before ? `BEFORE LOAD DO ${before} AFTER LOAD DO ${after.join(', ')}` : ''};
`
  writeFileSync(path, text)
  return ['pgloader', '--on-error-stop', path]
}
