import type { SQSBatchResponse } from 'aws-lambda'
import { readConfig } from '../../core/config.ts'
import { looksLikeCsv } from '../../core/contract/catalog.ts'
import { deadlineOf, type Invocation, noDeadline } from '../../core/deadline.ts'
import type { Finding } from '../../core/finding.ts'
import { type Lake, openLake } from '../../core/lake.ts'
import { logOutcome } from '../../core/log.ts'
import { openQueue, type Queue } from '../../core/queue.ts'
import { handleEvent, type Stage } from '../../core/stage.ts'
import { check, parseCheck } from '../check.ts'
import { refine } from './refine.ts'
import { refineTogether } from './refine-together.ts'

/** @returns the stage's handler: an event in, the messages to be given again out */
export function silver(lake: Lake, report: Stage['report'], queue?: Queue) {
  const stage: Stage = {
    name: 'silver',
    lake,
    prefixes: ['bronze/'],
    handle: (key) => refine(lake, key),
    together: (keys, deadline) => refineTogether(lake, keys, deadline),
    stuck: (folder) => objectsBelow(lake, `${folder}/`),
    report,
    queue,
  }
  return (event: unknown, deadline = noDeadline): Promise<SQSBatchResponse> =>
    handleEvent(stage, event, deadline)
}

/** Silver has no list of what is stuck: what is loaded ends as unchanged, at the cost of a look. */
async function objectsBelow(lake: Lake, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of lake.store.list(prefix)) if (looksLikeCsv(key)) keys.push(key)
  return keys
}

let ready: ReturnType<typeof silver> | undefined

/** The Lambda function: S3 notifications, EventBridge's "Object Created", and both inside SQS. */
export async function handler(
  event: unknown,
  invocation?: Invocation,
): Promise<SQSBatchResponse | Finding[]> {
  if (parseCheck(event)) return check('silver', () => openLake(readConfig().lake))
  ready ??= silver(openLake(readConfig().lake), logOutcome, openQueue())
  return ready(event, deadlineOf(invocation))
}
