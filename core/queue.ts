import type { SQSClient } from '@aws-sdk/client-sqs'
import type { SQSRecord } from 'aws-lambda'
import * as z from 'zod'
import { TimeOver } from './deadline.ts'
import { logWarning } from './log.ts'

/** A message that was not handled: it failed, or (TimeOver) was not begun. */
export interface Left {
  message: SQSRecord
  fault: unknown
}

/**
 * The queue that a stage's messages are of. Lambda leaves those that failed invisible for the whole
 * visibility timeout, which is several times the longest invocation; a fault that passes in seconds
 * is not to cost that.
 */
export interface Queue {
  /** Lets messages be seen again soon. Never throws: at worst they come when their time is over. */
  giveBack(left: Left[]): Promise<void>
}

type Warn = (message: string, fault: Error) => void

const environment = z.object({
  QUEUE_URL: z.string().min(1).optional(),
  /** Before the second receive of a message; each later one waits twice as long. '' is unset. */
  SLUICE_RETRY_SECONDS: z.preprocess(
    (given) => given || undefined,
    z.coerce.number().positive().max(900).default(2),
  ),
})

/**
 * @returns the function's own queue; undefined where the environment names none
 * @throws ZodError naming each variable that is not what it should be
 */
export function openQueue(warn: Warn = logWarning): Queue | undefined {
  const { QUEUE_URL, SLUICE_RETRY_SECONDS } = environment.parse(process.env)
  return QUEUE_URL ? new SqsQueue(QUEUE_URL, SLUICE_RETRY_SECONDS, warn) : undefined
}

/** What one call of SQS takes. */
const TOGETHER = 10

class SqsQueue implements Queue {
  readonly #url: string
  readonly #first: number
  readonly #warn: Warn
  #loaded: ReturnType<typeof load> | undefined

  constructor(url: string, first: number, warn: Warn) {
    this.#url = url
    this.#first = first
    this.#warn = warn
  }

  async giveBack(left: Left[]): Promise<void> {
    for (let at = 0; at < left.length; at += TOGETHER) {
      try {
        await this.#change(left.slice(at, at + TOGETHER))
      } catch (error) {
        const many = Math.min(TOGETHER, left.length - at)
        this.#warn(`${many} messages ${late}`, error as Error)
      }
    }
  }

  async #change(left: Left[]): Promise<void> {
    this.#loaded ??= load()
    const { sqs, client } = await this.#loaded
    const Entries = left.map(({ message, fault }, i) => ({
      Id: String(i),
      ReceiptHandle: message.receiptHandle,
      VisibilityTimeout: fault instanceof TimeOver ? 0 : waitOf(receivesOf(message), this.#first),
    }))
    const input = { QueueUrl: this.#url, Entries }
    const answer = await client.send(new sqs.ChangeMessageVisibilityBatchCommand(input))
    const failed = answer.Failed ?? []
    if (failed.length === 0) return
    const [{ Code, Message } = {}] = failed
    this.#warn(`${failed.length} messages ${late}`, new Error(`${Code}: ${Message}`))
  }
}

const late = 'could not be given back early: they come again when their visibility timeout is over'

/** How often a message was received, this time included; 1 where that is not told. */
export function receivesOf({ attributes }: SQSRecord): number {
  return Number(attributes?.ApproximateReceiveCount) || 1
}

const LONGEST = 900

/**
 * Seconds, whole as SQS wants them: `first`, twice, four times as long, …, up to 15 minutes; less a
 * quarter at most by chance, so that what failed together does not come back together.
 */
export function waitOf(receives: number, first: number, chance = Math.random()): number {
  // No message is to wait for no number of seconds: SQS would refuse all that are given back.
  const times = Number.isNaN(receives) ? 1 : receives
  const wait = Math.min(LONGEST, first * 2 ** (times - 1))
  return Math.ceil(wait * (1 - chance / 4))
}

/** Loaded at the first use: most invocations give nothing back. */
async function load(): Promise<{
  sqs: typeof import('@aws-sdk/client-sqs')
  client: SQSClient
}> {
  const sqs = await import('@aws-sdk/client-sqs')
  // It is best effort, at the end of an invocation: not worth the time that is left.
  const requestHandler = {
    connectionTimeout: 2_000,
    requestTimeout: 5_000,
    throwOnRequestTimeout: true,
  }
  // By the endpoint of the environment, as all else: an emulator's URLs may name another host.
  const place = { useQueueUrlAsEndpoint: false }
  return { sqs, client: new sqs.SQSClient({ ...place, maxAttempts: 3, requestHandler }) }
}
