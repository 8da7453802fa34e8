import * as z from 'zod'
import type { Contract } from '../core/contract/contract.ts'
import type { Database } from '../core/database/database.ts'
import { checkDatabase, cureOfFault } from '../core/doctor/check-database.ts'
import { checkContracts, checkReads, checkWrites, findNoBucket } from '../core/doctor/check-lake.ts'
import { checkRecords } from '../core/doctor/check-records.ts'
import { attempted, type Finding, findingsOf, messageOf } from '../core/finding.ts'
import type { Lake } from '../core/lake.ts'
import { limitHere } from '../core/limit.ts'
import { shellWord } from '../core/shell-word.ts'
import type { StreamClient } from '../core/stream/kinesis.ts'

/**
 * What a function sees with its own permissions, from its own network: `sluice doctor` asks each
 * for it, and does the same on a laptop. It changes nothing.
 */

const checkEvent = z.object({
  check: z.literal(true),
  /** For the function that knows its stream by the events of it alone. */
  stream: z.string().optional(),
})
export type CheckEvent = z.infer<typeof checkEvent>

/** @returns undefined for any other event */
export function parseCheck(event: unknown): CheckEvent | undefined {
  return checkEvent.safeParse(event).data
}

/** What a function does in the lake. */
interface Duty {
  reads: string[]
  writes: string[]
  /** Whose descriptors it tells of: each root is one function's, so that nothing is told twice. */
  contracts: ('bronze/' | 'streaming/')[]
  /** Where its commit records lie. */
  records: string[]
}

const results = ['streaming_results/', 'streaming_checkpoint/', 'quarantine/']
const duties = {
  'raw-ingestion': { reads: ['bronze/'], writes: [], contracts: ['bronze/'], records: [] },
  silver: {
    reads: ['bronze/', 'silver/', 'quarantine/'],
    writes: ['silver/', 'quarantine/'],
    contracts: [],
    records: ['silver/'],
  },
  publish: {
    reads: ['bronze/', 'streaming/', 'streaming_checkpoint/', 'streaming_results/'],
    writes: ['streaming_checkpoint/'],
    contracts: ['streaming/'],
    records: [],
  },
  append: {
    reads: ['bronze/', 'streaming/', ...results],
    writes: results,
    contracts: [],
    records: ['streaming_checkpoint/'],
  },
  maintenance: {
    reads: ['bronze/', 'streaming/', 'silver/', ...results],
    writes: results,
    contracts: [],
    records: ['streaming_results/'],
  },
  /** All of them, in one process. */
  lake: {
    reads: ['bronze/', 'streaming/', 'silver/', ...results],
    writes: ['silver/', ...results],
    contracts: ['bronze/', 'streaming/'],
    records: ['silver/', 'streaming_checkpoint/', 'streaming_results/'],
  },
} satisfies Record<string, Duty>

/** What there is beside the lake; each is opened here, so that its fault is a finding. */
export interface Beside {
  database?: () => Database
  stream?: () => StreamClient
  /** The command that brings an object to Silver once more; default: by the queue, or by hand. */
  bringOn?: (key: string) => string
}

/** @returns what was found, under the name given; it does not throw */
export async function check(
  area: keyof typeof duties,
  open: () => Lake,
  beside: Beside = {},
): Promise<Finding[]> {
  let lake: Lake
  try {
    lake = open()
    limitHere()
  } catch (error) {
    const cure = 'set it right here; of a function: npx cdk deploy sets its environment'
    return [findingsOf(area).wrong('settings', messageOf(error), cure)]
  }
  const duty: Duty = duties[area]
  const none = await findNoBucket(area, lake.store, duty.reads[0]!)
  const found = await Promise.all([
    checkEngine(area, lake),
    none ? [none] : checkLake(area, lake, duty, beside),
    beside.stream ? checkStream(area, beside.stream) : [],
    checkRows(area, lake, none ? { ...duty, contracts: [] } : duty, beside.database),
  ])
  return found.flat()
}

async function checkLake(area: string, lake: Lake, duty: Duty, beside: Beside): Promise<Finding[]> {
  const found = await Promise.all([
    checkReads(area, lake.store, duty.reads),
    checkWrites(area, lake.store, duty.writes),
    checkCommits(area, lake, duty, beside),
  ])
  return found.flat()
}

/** The native library is of the right machine, and there is a disk to work on. */
async function checkEngine(area: string, lake: Lake): Promise<Finding[]> {
  const say = findingsOf(area)
  try {
    return await lake.withScratch(0, async (_, duck) => {
      const [[version] = []] = await duck.all('SELECT version()')
      return [say.ok('duckdb', `${version}, ${process.arch}, Node ${process.versions.node}`)]
    })
  } catch (error) {
    const cure = 'install or deploy again for this machine (context architecture: arm64, x86_64)'
    return [say.wrong('duckdb', messageOf(error), cure)]
  }
}

function checkCommits(
  area: string,
  { store }: Lake,
  { records: roots }: Duty,
  { bringOn = (key) => eventOf(store.url, key) }: Beside,
): Promise<Finding[]> {
  return attempted(area, 'commits', async () => {
    return roots.length === 0 ? [] : checkRecords({ area, store, roots, bringOn })
  })
}

/** The contracts, and the tables that those of Bronze ask for. */
async function checkRows(
  area: string,
  { store }: Lake,
  duty: Duty,
  database: Beside['database'],
): Promise<Finding[]> {
  const contracts: Contract[] = []
  const findings: Finding[] = []
  for (const root of duty.contracts) {
    const look = attempted(area, 'contracts', async () => {
      const found = await checkContracts(area, store, root)
      if (root === 'bronze/') contracts.push(...found.contracts)
      return found.findings
    })
    findings.push(...(await look))
  }
  return database ? [...findings, ...(await withDatabase(area, database, contracts))] : findings
}

async function withDatabase(
  area: string,
  open: () => Database,
  contracts: Contract[],
): Promise<Finding[]> {
  try {
    const database = open()
    try {
      return await checkDatabase(area, database, contracts)
    } finally {
      await database.end()
    }
  } catch (error) {
    return [findingsOf(area).wrong('database', messageOf(error), cureOfFault(error))]
  }
}

async function checkStream(area: string, open: () => StreamClient): Promise<Finding[]> {
  const say = findingsOf(area)
  try {
    const stream = open()
    const { status, created } = await stream.describe()
    const shards = (await stream.shards()).filter(({ closed }) => !closed).length
    const told = `${stream.name} is ${status}, ${shards} open shards, made ${created}`
    return [say.ok('stream', told)]
  } catch (error) {
    const cure = 'allow kinesis:DescribeStreamSummary and kinesis:ListShards, and look at its name'
    return [say.wrong('stream', messageOf(error), cure)]
  }
}

/** An event of the object once more: a hint, as every event is. */
function eventOf(lake: string, key: string): string {
  const queue = process.env.QUEUE_URL
  if (!queue) return `sluice ingest ${shellWord(key)} --lake ${shellWord(lake)}`
  const detail = { bucket: { name: lake.replace('s3://', '') }, object: { key } }
  const body = JSON.stringify({ source: 'aws.s3', detail })
  return `aws sqs send-message --queue-url ${queue} --message-body ${shellWord(body)}`
}
