import { contractsOf, resourcesOf } from '../contract/catalog.ts'
import { type Contract, isStreamOnly } from '../contract/contract.ts'
import type { Package } from '../contract/package.ts'
import { overviewOf, packagesIn } from '../contract/packages.ts'
import type { Column, PrivateDuck } from '../duck/duckdb.ts'
import { Busy, Refused } from '../errors.ts'
import { identifier } from '../names.ts'
import { standingFiles, standingRejects } from '../standing.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { Pinned } from '../store/pinned.ts'
import { UNKNOWN } from '../stream/stream-files.ts'
import { contractColumns, failingSelect } from './file-rows.ts'
import { silverSelect, standingObjects } from './silver-view.ts'
import {
  eventsSelect,
  quarantineColumns,
  quarantineSelect,
  windowColumns,
  windowSelect,
} from './stream-view.ts'

/**
 * The lake as tables: for every dataset that a descriptor names now
 *
 *     silver.shop.orders              what Silver holds, as the dataset's table has it
 *     events.till.receipts            the events of a stream
 *     windows.till.receipts_revenue   its windows, merged
 *     quarantine.shop.orders          what was rejected
 *
 * Silver is the catalog in use, so `shop.orders` is `silver.shop.orders`.
 */
export interface Views {
  /** `shop.orders`, `events.till.receipts`: what a query calls them. */
  names: string[]
  /** Why datasets of descriptors are not among them. */
  broken(): string[]
}

interface View {
  catalog: (typeof catalogs)[number]
  schema: string
  table: string
  columns: Column[]
  /** Why there can be none; or else what it selects. */
  select: string | (() => Promise<string>)
}

const catalogs = ['silver', 'events', 'windows', 'quarantine'] as const
/** DuckDB's own, in every catalog. */
const reserved = ['information_schema', 'pg_catalog']
/** A lake that changes under every look is left for now. */
const LOOKS = 5

/**
 * Makes the views in catalogs in memory. Files are looked for where the query's text has the name
 * of the view; any other fails as soon as its rows are asked for.
 *
 * @param described folders with a descriptor, where they are known; else the lake is listed
 * @throws Busy where the lake changed under every look
 */
export async function createViews(
  duck: PrivateDuck,
  store: ObjectStore,
  files: Pinned,
  sql: string,
  described?: string[],
): Promise<Views> {
  for (const catalog of catalogs) await duck.run(`ATTACH ':memory:' AS ${catalog}`)
  await duck.run('USE silver')
  for (let look = 1; ; look++) {
    try {
      return await lookOnce({ duck, store, files }, sql.toLowerCase(), described)
    } catch (error) {
      // A file was buried, or an object committed, between two looks: all is looked at anew.
      if (!(error instanceof Busy) || look === LOOKS) throw error
      await files.release()
    }
  }
}

async function lookOnce(work: Work, text: string, described: string[] | undefined) {
  const { contracts, broken } = await contractsIn(work.store, described)
  const views = [...contracts.values()].flatMap((all) => viewsOf(work, all))
  views.push(unknownView(work))
  for (const view of alone(views)) await createView(work.duck, view, text)
  const names = views.map(({ catalog, schema, table }) =>
    [catalog, schema, table].filter((part) => part !== 'silver' && part !== 'main').join('.'),
  )
  return { names: names.toSorted(), broken }
}

/** By dataset: the contract of its objects, and that of its stream, are mostly one. */
async function contractsIn(store: ObjectStore, described: string[] | undefined) {
  const found = await packagesIn(store, described ?? (await overviewOf(store)).described)
  return {
    contracts: Map.groupBy(found.flatMap(contractsOf), ({ dataset }) => dataset),
    broken: () => found.flatMap(brokenOf),
  }
}

function brokenOf(found: Package): string[] {
  const all = found.outline ? resourcesOf(found) : [found]
  return all.flatMap(({ broken }) => broken ?? [])
}

interface Work {
  duck: PrivateDuck
  store: ObjectStore
  files: Pinned
}

function viewsOf({ duck, store, files }: Work, contracts: Contract[]): View[] {
  const { schema, table, dataset } = contracts[0]!
  if (reserved.includes(schema)) return []
  const tables = contracts.filter(({ file }) => !isStreamOnly(file))
  const streams = contracts.filter(({ stream }) => stream)
  const objects = once(() => standingObjects(store, dataset))
  const standing = once(() => standingFiles(store, dataset))
  const views: View[] = []
  for (const contract of tables.slice(0, 1)) {
    const select = async () => silverSelect(duck, files, contract, await objects())
    const columns = contractColumns(contract)
    views.push({ catalog: 'silver', schema, table, columns, select: rivals(tables) ?? select })
  }
  for (const contract of streams.slice(0, 1)) {
    const select = async () => eventsSelect(duck, files, contract, await standing())
    const columns = contractColumns(contract)
    views.push({ catalog: 'events', schema, table, columns, select: rivals(streams) ?? select })
    for (const window of contract.stream!.windows) {
      views.push({
        ...{ catalog: 'windows', schema, table: `${table}_${window.name}` },
        columns: windowColumns(window, contract),
        select:
          rivals(streams) ??
          (async () => windowSelect(duck, files, contract, window, await standing())),
      })
    }
  }
  const streamed = streams.length > 0
  const rejects = async () => ({
    objects: tables.length > 0 ? (await objects()).flatMap((one) => one.rejects) : [],
    stream: streamed ? await standingRejects(store, dataset) : [],
  })
  const select = async () => quarantineSelect(files, await rejects(), streamed)
  const columns = quarantineColumns(streamed)
  return [...views, { catalog: 'quarantine', schema, table, columns, select }]
}

/** Records of a stream that name no dataset that there is. */
function unknownView({ store, files }: Work): View {
  const rejects = async () => ({ objects: [], stream: await standingRejects(store, UNKNOWN) })
  return {
    ...{ catalog: 'quarantine', schema: 'main', table: UNKNOWN },
    columns: quarantineColumns(true),
    select: async () => quarantineSelect(files, await rejects(), true),
  }
}

function rivals(contracts: Contract[]): string | undefined {
  if (contracts.length < 2) return undefined
  const files = contracts.map(({ file }) => file).join(' and by ')
  return `${contracts[0]!.dataset} is described by ${files}: rename one`
}

/** Window `b` of `till.receipts_a` and window `a_b` of `till.receipts` have one name. */
function alone(views: View[]): View[] {
  const byName = Map.groupBy(views, (view) => `${view.catalog}.${view.schema}.${view.table}`)
  return [...byName].map(([name, [first, ...others]]) => {
    if (others.length === 0) return first!
    return { ...first!, select: `two windows are both ${name}: rename one` }
  })
}

async function createView(duck: PrivateDuck, view: View, text: string): Promise<void> {
  const { catalog, schema, table, columns, select } = view
  const place = `${catalog}.${identifier(schema)}`
  const isAsked = text.includes(table) && (catalog === 'silver' || text.includes(catalog))
  await duck.run(`CREATE SCHEMA IF NOT EXISTS ${place}`)
  await duck.run(
    `CREATE OR REPLACE VIEW ${place}.${identifier(table)} AS
     ${isAsked ? await selectOf(select, columns) : failingSelect(columns, `${NAME_IT}: ${table}`)}`,
  )
}

const NAME_IT = 'the query must have the name of what it reads as such in its text'

async function selectOf(select: View['select'], columns: Column[]): Promise<string> {
  try {
    return typeof select === 'string' ? failingSelect(columns, select) : await select()
  } catch (error) {
    if (error instanceof Refused) return failingSelect(columns, error.message)
    throw error
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}
