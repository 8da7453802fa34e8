import type { SQSBatchResponse } from 'aws-lambda'
import { readConfig } from '../../core/config.ts'
import type { Database } from '../../core/database/database.ts'
import { leaveForeignHeals, leaveHealsBelow } from '../../core/database/due.ts'
import { stuckObjects } from '../../core/database/ledger.ts'
import { openDatabase } from '../../core/database/open-database.ts'
import { prepareLedger } from '../../core/database/prepare-ledger.ts'
import { deadlineOf, type Invocation, noDeadline } from '../../core/deadline.ts'
import type { Finding } from '../../core/finding.ts'
import { type Lake, openLake } from '../../core/lake.ts'
import { logOutcome } from '../../core/log.ts'
import { openQueue, type Queue } from '../../core/queue.ts'
import { comeAgain, handleEvent, orGiveBack, type Stage } from '../../core/stage.ts'
import { check, parseCheck } from '../check.ts'
import { ingest } from './ingest.ts'
import { settle } from './settle.ts'
import { ingestTogether } from './together.ts'

/** Tables that others fill are asked for parents when a process starts, then no more often. */
const FOREIGN_MS = 10 * 60_000

/** @returns the stage's handler: an event in, the messages to be given again out */
export function rawIngestion(
  lake: Lake,
  database: Database,
  report: Stage['report'],
  queue?: Queue,
) {
  const stage: Stage = {
    name: 'raw-ingestion',
    lake,
    prefixes: ['bronze/'],
    handle: (key) => ingest(lake, database, key),
    together: (keys, deadline) => ingestTogether(lake, database, keys, deadline),
    stuck: async (folder) => {
      await leaveHealsBelow(database, lake.store.url, `${folder}/`)
      return stuckObjects(database, lake.store.url, `${folder}/`)
    },
    report,
    queue,
  }
  let asked = Number.NEGATIVE_INFINITY
  return async (event: unknown, deadline = noDeadline): Promise<SQSBatchResponse> => {
    const answer = await handleEvent(stage, event, deadline)
    // Whoever comes next settles it, too; and where something is given back, somebody comes.
    const isLate = deadline.isOver() && answer.batchItemFailures.length > 0
    if (isLate) return answer
    try {
      if (performance.now() - asked > FOREIGN_MS) {
        await leaveForeignHeals(database, lake.store.url)
        asked = performance.now()
      }
      await settle(lake, database, deadline)
      return answer
    } catch (fault) {
      return await comeAgain(queue, event, answer, fault)
    }
  }
}

let ready: Promise<ReturnType<typeof rawIngestion>> | undefined
let queue: Queue | undefined

/** The Lambda function: S3 notifications, EventBridge's "Object Created", and both inside SQS. */
export async function handler(
  event: unknown,
  invocation?: Invocation,
): Promise<SQSBatchResponse | Finding[]> {
  if (parseCheck(event)) return checkAll()
  const deadline = deadlineOf(invocation)
  queue ??= openQueue()
  return orGiveBack(queue, event, async () => {
    ready ??= start().catch((error: unknown) => {
      ready = undefined
      throw error
    })
    return (await ready)(event, deadline)
  })
}

function checkAll(): Promise<Finding[]> {
  const database = () => openDatabase(readConfig().database)
  return check('raw-ingestion', () => openLake(readConfig().lake), { database })
}

async function start() {
  const config = readConfig()
  const database = openDatabase(config.database)
  await prepareLedger(database)
  return rawIngestion(openLake(config.lake), database, logOutcome, queue)
}
