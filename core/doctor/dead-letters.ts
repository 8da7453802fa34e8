import { setTimeout as sleep } from 'node:timers/promises'
import type { ListMessageMoveTasksResultEntry, SQSClient } from '@aws-sdk/client-sqs'

/** What became of the dead letters of one stage. */
export interface Moved {
  /** planned: on a dry run; failed: for the reason given, as the queue's service has it. */
  status: 'moved' | 'planned' | 'failed'
  /** How many are in the queue again; on a dry run, how many would be. SQS counts roughly. */
  messages: number
  /** How many are left: somebody is reading them just now, or they came meanwhile. */
  left: number
  reason?: string
}

/** A look a second, as a task moves some hundreds a second. */
const LOOK_MS = 1_000
/** A task that was started is listed by then. */
const LISTED_MS = 30_000

interface Sdk {
  sqs: typeof import('@aws-sdk/client-sqs')
  client: SQSClient
}

/**
 * Moves all messages of a dead-letter queue to the queue of its stage, by SQS' own means, and waits
 * for that; a move that somebody else has started is followed to its end. The queue is named, as
 * events that EventBridge could not deliver lie there, too, and have no queue that they came from.
 *
 * @param deadLetters URL of a queue that is the dead-letter queue of some queue
 * @param queue URL
 * @throws a fault of SQS as it comes, such as a queue that is none or may not be moved from
 */
export async function moveDeadLetters(
  deadLetters: string,
  queue: string,
  dryRun: boolean,
): Promise<Moved> {
  const sqs = await import('@aws-sdk/client-sqs')
  const sdk: Sdk = { sqs, client: new sqs.SQSClient({ useQueueUrlAsEndpoint: false }) }
  try {
    const [source, target] = await Promise.all([lookAt(sdk, deadLetters), lookAt(sdk, queue)])
    if (dryRun) return { status: 'planned', messages: source.visible, left: source.hidden }
    const task = await ended(sdk, source.arn, await started(sdk, source.arn, target.arn))
    const { visible, hidden } = await lookAt(sdk, deadLetters)
    const told = { messages: task.ApproximateNumberOfMessagesMoved ?? 0, left: visible + hidden }
    if (task.Status === 'COMPLETED') return { status: 'moved', ...told }
    return { status: 'failed', ...told, reason: task.FailureReason ?? `the move is ${task.Status}` }
  } finally {
    sdk.client.destroy()
  }
}

async function lookAt({ sqs, client }: Sdk, url: string) {
  const names = [
    'QueueArn',
    'ApproximateNumberOfMessages',
    'ApproximateNumberOfMessagesNotVisible',
  ] as const
  const input = { QueueUrl: url, AttributeNames: [...names] }
  const { Attributes: told } = await client.send(new sqs.GetQueueAttributesCommand(input))
  if (!told?.QueueArn) throw new Error(`SQS told no ARN of ${url}`)
  const [visible, hidden] = [names[1], names[2]].map((name) => Number(told[name] ?? 0))
  return { arn: told.QueueArn, visible: visible!, hidden: hidden! }
}

/** Starts a move, or finds one that runs. */
async function started(sdk: Sdk, source: string, target: string): Promise<Wanted> {
  const before = await newest(sdk, source)
  if (isRunning(before)) return { at: before?.StartedTimestamp }
  const input = { SourceArn: source, DestinationArn: target }
  try {
    await sdk.client.send(new sdk.sqs.StartMessageMoveTaskCommand(input))
  } catch (error) {
    // Two were started at once: the other one is followed.
    const other = await newest(sdk, source)
    if (other?.StartedTimestamp === before?.StartedTimestamp) throw error
  }
  return { after: before?.StartedTimestamp ?? 0 }
}

/** A move by its start, in ms since 1970: at that time, or the first after it. */
interface Wanted {
  at?: number | undefined
  after?: number
}

async function ended(sdk: Sdk, source: string, wanted: Wanted) {
  const until = performance.now() + LISTED_MS
  for (;;) {
    const task = await newest(sdk, source)
    const at = task?.StartedTimestamp ?? 0
    const isOurs = wanted.after === undefined ? at === wanted.at : at > wanted.after
    if (task && isOurs && !isRunning(task)) return task
    if (!isOurs && performance.now() > until)
      throw new Error(`SQS does not list the move: ${source}`)
    await sleep(LOOK_MS)
  }
}

/** SQS lists the moves of a queue, the newest first. */
async function newest(
  { sqs, client }: Sdk,
  source: string,
): Promise<ListMessageMoveTasksResultEntry | undefined> {
  const input = { SourceArn: source, MaxResults: 1 }
  return (await client.send(new sqs.ListMessageMoveTasksCommand(input))).Results?.[0]
}

function isRunning(task: ListMessageMoveTasksResultEntry | undefined): boolean {
  return task?.Status === 'RUNNING' || task?.Status === 'CANCELLING'
}
