import type { SQSBatchResponse } from 'aws-lambda'
import { readConfig } from '../../core/config.ts'
import { type Lake, openLake } from '../../core/lake.ts'
import { prepareLedger, stuckObjects } from '../../core/ledger.ts'
import { logOutcome } from '../../core/log.ts'
import { type Database, openPostgres } from '../../core/postgres.ts'
import { handleEvent, type Stage } from '../../core/stage.ts'
import { ingest } from './ingest.ts'
import { settle } from './settle.ts'

/** @returns the stage's handler: an event in, the messages to be given again out */
export function rawIngestion(lake: Lake, database: Database, report: Stage['report']) {
  const stage: Stage = {
    name: 'raw-ingestion',
    lake,
    prefixes: ['bronze/'],
    handle: (key) => ingest(lake, database, key),
    stuck: (folder) => stuckObjects(database, lake.store.url, `${folder}/`),
    report,
  }
  return async (event: unknown): Promise<SQSBatchResponse> => {
    const answer = await handleEvent(stage, event)
    await settle(lake, database)
    return answer
  }
}

let ready: Promise<ReturnType<typeof rawIngestion>> | undefined

/** The Lambda function: S3 notifications, EventBridge's "Object Created", and both inside SQS. */
export async function handler(event: unknown): Promise<SQSBatchResponse> {
  ready ??= start().catch((error: unknown) => {
    ready = undefined
    throw error
  })
  return (await ready)(event)
}

async function start() {
  const config = readConfig()
  if (!config.database) throw new Error('DATABASE_URL is not set; raw-ingestion loads into it')
  const database = openPostgres(config.database)
  await prepareLedger(database)
  return rawIngestion(openLake(config.lake), database, logOutcome)
}
