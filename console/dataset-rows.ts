import { type Contract, isStreamOnly } from '../core/contract/contract.ts'
import { packagesIn } from '../core/contract/packages.ts'
import type { Database } from '../core/database/database.ts'
import type { ObjectStore } from '../core/store/object-store.ts'
import { type DatasetStatus, streamStatus } from '../core/stream/stream-status.ts'
import { type Described, describedIn } from './described.ts'
import { outlookOf } from './outlook.ts'
import type { ConsolePlace } from './place.ts'
import type { DatasetRow } from './shapes.ts'

export interface Datasets {
  /** By name: those that a descriptor tells of, and those that only the ledger knows. */
  rows: DatasetRow[]
  /** By name, what descriptors tell. */
  described: Map<string, Described>
}

/** All datasets of the lake, with what has become of their objects. */
export async function datasetsOf(place: ConsolePlace): Promise<Datasets> {
  const { lake, database } = place
  const look = await outlookOf(place)
  const [packages, sums, streams] = await Promise.all([
    packagesIn(lake.store, look.described),
    sumsOf(database, lake.store.url),
    streamsOf(lake.store),
  ])
  const described = new Map(describedIn(packages).map((one) => [one.dataset, one]))
  const names = [...new Set([...described.keys(), ...sums.keys(), ...streams.keys()])].toSorted()
  const rows = names.map((dataset): DatasetRow => {
    const told = described.get(dataset)
    const isAlone = told ? isStreamOnly(told.file) : !sums.has(dataset)
    const stream = streams.get(dataset)
    const counts = isAlone && stream ? streamSums(stream) : (sums.get(dataset) ?? nothing)
    const objects = isAlone ? (look.streamed.get(dataset) ?? 0) : counts.objects
    return { ...namesOf(dataset, told), ...counts, objects }
  })
  return { rows, described }
}

function namesOf(dataset: string, told: Described | undefined) {
  const { contract, streamed } = told ?? {}
  return {
    dataset,
    file: told?.file ?? null,
    broken: told?.broken ?? null,
    load: contract && !isStreamOnly(contract.file) ? contract.load : null,
    streamed: streamed !== undefined,
    windows: windowsOf(streamed),
  }
}

export function windowsOf(contract: Contract | undefined): string[] {
  return contract?.stream?.windows.map(({ name }) => name) ?? []
}

type Sums = Omit<DatasetRow, keyof ReturnType<typeof namesOf>>

const nothing: Sums = {
  ...{ objects: 0, records: 0, accepted: 0, rejected: 0, waiting: 0, mended: 0 },
  ...{ held: 0, refused: 0, at: null },
}

async function sumsOf(database: Database, lake: string): Promise<Map<string, Sums>> {
  const rows = await database.read(sql, [lake])
  return new Map(
    rows.map(({ dataset, at, ...counts }) => {
      const sums = { ...counts, at: new Date(at as string | Date).toISOString() }
      return [String(dataset), sums as unknown as Sums]
    }),
  )
}

// The counts of an object that was refused later are those of the rows that stand.
const sql = `SELECT dataset, count(*) AS objects,
    sum(records)::bigint AS records, sum(accepted)::bigint AS accepted,
    sum(rejected)::bigint AS rejected, sum(waiting)::bigint AS waiting,
    sum(mended)::bigint AS mended,
    count(*) FILTER (WHERE status = 'held') AS held,
    count(*) FILTER (WHERE status = 'refused') AS refused, max(at) AS at
  FROM sluice.objects WHERE lake = $1 AND status <> 'new' AND dataset IS NOT NULL
  GROUP BY dataset`

async function streamsOf(store: ObjectStore): Promise<Map<string, DatasetStatus>> {
  const { datasets } = await streamStatus(store)
  return new Map(datasets.map((one) => [one.dataset, one]))
}

function streamSums({ records, accepted, rejected, updated }: DatasetStatus): Sums {
  return { ...nothing, records, accepted, rejected, at: updated }
}
