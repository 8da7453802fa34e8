import { linkSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type pg from 'pg'
import { type Column, columns, fieldNames, makeData, resource, writeContract } from '../lineitem.ts'
import type { Place } from '../place.ts'
import { jobCommand, runJob } from '../run-job.ts'
import { count } from '../silver.ts'
import { compare, type Peer, runAndLook, sameRows, WrongRows } from './compare.ts'
import type { Part, Sizes } from './part.ts'
import { peersOf } from './postgres-peers.ts'
import { sumsIn, sumsOf } from './written.ts'

/** What is loaded, and what stands there before. */
interface Load {
  what: string
  table: string
  /** Of the primary key, where rows are merged. */
  key?: string[]
  resources: ReturnType<typeof resource>[]
  /** Objects that are there before, by dataset: their names and paths. */
  before: { table: string; rows: number; path: string }[]
  /** SQL for the peers' table, which ours does not have. */
  constraint?: string
}

const SLUICE = 'Sluice'
const COPY = 'psql, \\copy'
const suppliers = 10_000

/**
 * A CSV into a table: ours with every check, the rows' origin and the ledger; theirs into the same
 * table. Each run has a database of its own, made from a template, and nothing else to write.
 */
export async function postgres(place: Place, { small }: Sizes): Promise<Part> {
  const file = await makeData(join(place.folder, 'data'), { rows: small })
  const loads = [append(small), await upsert(place, small), foreignKey(place, small)]
  const comparisons = []
  for (const load of loads) comparisons.push(await compareLoad(place, load, file, small))
  return { comparisons, figures: [] }
}

function append(rows: number): Load {
  const resources = [resource('lineitem', columns)]
  return { what: `${count(rows)} rows, append`, table: 'lineitem', resources, before: [] }
}

/** Every other row is there already, from an earlier object. */
async function upsert(place: Place, rows: number): Promise<Load> {
  const key = ['l_orderkey', 'l_linenumber']
  const half = Math.floor(rows / 2)
  const path = await makeData(join(place.folder, 'data'), { rows: half })
  return {
    what: `${count(rows)} rows, upsert (half of them are there)`,
    table: 'keyed',
    key,
    resources: [resource('keyed', columns, { schema: { primaryKey: key } })],
    before: [{ table: 'keyed', rows: half, path }],
  }
}

function foreignKey(place: Place, rows: number): Load {
  const parent: Column[] = [['s_suppkey', 'integer']]
  const path = join(place.folder, 'suppliers.csv')
  const keys = Array.from({ length: suppliers }, (_, i) => `${i + 1}\n`)
  writeFileSync(path, `s_suppkey\n${keys.join('')}`)
  const reference = { resource: 'supplier', fields: 's_suppkey' }
  const foreignKeys = [{ fields: 'l_suppkey', reference }]
  return {
    what: `${count(rows)} rows, foreign key to ${count(suppliers)} parents`,
    table: 'child',
    resources: [
      resource('supplier', parent, { schema: { primaryKey: 's_suppkey' } }),
      resource('child', columns, { schema: { foreignKeys } }),
    ],
    before: [{ table: 'supplier', rows: suppliers, path }],
    constraint: 'ALTER TABLE bench.child ADD FOREIGN KEY (l_suppkey) REFERENCES bench.supplier',
  }
}

async function compareLoad(place: Place, load: Load, file: string, rows: number) {
  const { lake } = await place.newLake()
  const template = await place.newDatabase()
  const wanted = await sumsIn(file, columns)
  try {
    const key = await prepare(place, load, { lake, file, url: template.url })
    await template.client.end()
    const once = (command: (url: string) => string[], ours: boolean) =>
      loadOnce(place, template.url, load, { command, ours, rows, wanted })
    const ingest = (database: string) => jobCommand({ job: 'ingest', lake, key, database })
    const peers: Peer[] = [
      { name: SLUICE, ours: true, run: () => once(ingest, true) },
      ...peersOf({ ...load, folder: place.folder, file, columns: fieldNames }).map((peer) => ({
        ...peer,
        run: () => once(peer.command, false),
      })),
    ]
    const goals = load.key || load.constraint ? [] : [{ ours: SLUICE, peer: COPY, atLeast: 0.9 }]
    return await compare(load.what, peers, place.runs, goals)
  } finally {
    await template.drop()
    rmSync(lake, { recursive: true })
  }
}

interface Scene {
  lake: string
  file: string
  url: string
}

/**
 * The tables as we make them, with what is there before.
 *
 * @returns the key of the object that is to be loaded
 */
async function prepare(place: Place, load: Load, { lake, file, url }: Scene): Promise<string> {
  writeContract(lake, load.resources)
  const put = (path: string, table: string) => {
    const key = `bronze/bench/${table}/${basename(path)}`
    linkSync(path, join(lake, key))
    return key
  }
  for (const { table, rows, path } of load.before) {
    await runJob({ job: 'ingest', lake, key: put(path, table), database: url }, rows)
  }
  if (!load.before.some(({ table }) => table === load.table)) {
    const first = await makeData(join(place.folder, 'data'), { rows: 10 })
    await runJob({ job: 'ingest', lake, key: put(first, load.table), database: url }, 10)
  }
  return put(file, load.table)
}

interface Once {
  command: (url: string) => string[]
  ours: boolean
  rows: number
  /** The sums of the CSV. */
  wanted: string
}

async function loadOnce(
  place: Place,
  template: string,
  load: Load,
  { command, ours, rows, wanted }: Once,
) {
  const { url, client, drop } = await place.newDatabase(template)
  try {
    if (!load.key) await client.query(`TRUNCATE bench.${load.table}`)
    if (load.constraint && !ours) await client.query(load.constraint)
    await client.query('CHECKPOINT')
    return await runAndLook(command(url), async () => {
      const [found, ...sums] = await tableOf(client, load.table)
      if (String(sums) !== wanted) {
        throw new WrongRows(`table: sums of columns are ${sums}, not ${wanted}`)
      }
      return { rows: sameRows(Number(found), rows, 'table') }
    })
  } finally {
    await drop()
  }
}

/** The number of rows, and two sums of what they hold. */
async function tableOf(client: pg.Client, table: string): Promise<string[]> {
  const text = `SELECT count(*), ${sumsOf(columns)} FROM bench.${table}`
  const { rows } = await client.query({ text, rowMode: 'array' })
  return rows[0] ?? []
}
