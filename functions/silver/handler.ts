import type { SQSBatchResponse } from 'aws-lambda'
import { looksLikeCsv } from '../../core/catalog.ts'
import { readConfig } from '../../core/config.ts'
import { type Lake, openLake } from '../../core/lake.ts'
import { logOutcome } from '../../core/log.ts'
import { handleEvent, type Stage } from '../../core/stage.ts'
import { refine } from './refine.ts'

/** @returns the stage's handler: an event in, the messages to be given again out */
export function silver(lake: Lake, report: Stage['report']) {
  const stage: Stage = {
    name: 'silver',
    lake,
    prefixes: ['bronze/'],
    handle: (key) => refine(lake, key),
    stuck: (folder) => objectsBelow(lake, `${folder}/`),
    report,
  }
  return (event: unknown): Promise<SQSBatchResponse> => handleEvent(stage, event)
}

/** Silver has no list of what is stuck: what is loaded ends as unchanged, at the cost of a look. */
async function objectsBelow(lake: Lake, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of lake.store.list(prefix)) if (looksLikeCsv(key)) keys.push(key)
  return keys
}

let ready: ReturnType<typeof silver> | undefined

/** The Lambda function: S3 notifications, EventBridge's "Object Created", and both inside SQS. */
export async function handler(event: unknown): Promise<SQSBatchResponse> {
  ready ??= silver(openLake(readConfig().lake), logOutcome)
  return ready(event)
}
