import { setTimeout as sleep } from 'node:timers/promises'
import { type Message, SQS } from '@aws-sdk/client-sqs'
import type { SQSBatchResponse, SQSEvent, SQSMessageAttributes, SQSRecord } from 'aws-lambda'
import * as z from 'zod'
import type { Deadline } from '../core/deadline.ts'
import { messages } from '../infra/shape.ts'

export interface QueueWorkerOptions {
  /** URL of a standard queue. Where AWS_ENDPOINT_URL is set, its host does not matter. */
  queue: string
  handler: (event: SQSEvent, deadline: Deadline) => Promise<SQSBatchResponse>
  /** Invocations at once. */
  width: number
  /** Told of faults as they come, and without a fault when the queue answers again. */
  report: (message: string, fault?: unknown) => void
  /** Messages of one invocation at most, 10 or less. */
  batch?: number
  /** Whole seconds after which a message of a worker that was killed comes again. */
  visibility?: number
  /** Whole seconds that one look at an empty queue lasts; SQS allows 20. */
  wait?: number
}

/** Milliseconds before the second try to receive; each later one waits twice as long. */
const firstWaitMs = 1_000
const longestWaitMs = 10_000

/** What Lambda takes for an answer: nothing at all, or a list of failures that may be left out. */
const answerSchema = z
  .object({
    batchItemFailures: z.array(z.object({ itemIdentifier: z.string() })).nullish(),
  })
  .nullish()

/**
 * Calls a handler with the messages of a queue as Lambda's event source mapping for SQS does, with
 * ReportBatchItemFailures: what is handled is deleted, what failed stays in the queue, which counts
 * the receives and has the dead letters. When what failed comes again is the handler's to say
 * (core/queue.ts).
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 *
 * Other than Lambda, which leaves a message invisible for the queue's own timeout (six times the
 * longest invocation), it hides a message for seconds and renews that while the handler works: here
 * no invocation has a longest time, and one that was killed is to come again soon.
 */
export class QueueWorker {
  readonly #options: Required<QueueWorkerOptions>
  readonly #poller: SQS
  readonly #caller: SQS
  readonly #stopping = new AbortController()
  readonly #inHand = new Set<Promise<void>>()
  /** Kinds of faults that were told since the queue answered last. */
  readonly #told = new Set<string>()
  #started: Promise<void> | undefined
  #arn: string | undefined
  #isReady = false
  #failures = 0

  constructor(options: QueueWorkerOptions) {
    this.#options = { batch: messages, visibility: 30, wait: 20, ...options }
    // A connection that was closed while it was idle is worth one further attempt at once.
    this.#poller = openClient(2, 1_000 * this.#options.wait + 10_000)
    // All attempts together end before the message would be seen again.
    this.#caller = openClient(3, 5_000)
  }

  /** Resolves at once: what is sent before the first look waits in the queue. */
  async start(): Promise<void> {
    this.#started ??= this.#run()
  }

  /** Receives nothing more; resolves when the batches in hand have ended and are answered. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#started
    this.#poller.destroy()
    this.#caller.destroy()
  }

  /** Whether the last look at the queue was answered. */
  isReady(): boolean {
    return this.#isReady
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const records = await this.#receive()
      if (records.length > 0) {
        const work = this.#work(records).finally(() => this.#inHand.delete(work))
        this.#inHand.add(work)
      }
      if (this.#inHand.size >= this.#options.width) await Promise.race(this.#inHand)
    }
    await Promise.all(this.#inHand)
  }

  /** What one invocation takes; nothing, after a while, where the queue is not to be reached. */
  async #receive(): Promise<SQSRecord[]> {
    const { signal } = this.#stopping
    const { queue, batch, visibility, wait } = this.#options
    try {
      this.#arn ??= await this.#ask(signal)
      const arn = this.#arn
      const input = {
        QueueUrl: queue,
        MaxNumberOfMessages: batch,
        VisibilityTimeout: visibility,
        // The first look only finds out whether the queue is there, at once.
        WaitTimeSeconds: this.#isReady ? wait : 0,
        MessageSystemAttributeNames: ['All' as const],
        MessageAttributeNames: ['All'],
      }
      const { Messages = [] } = await this.#poller.receiveMessage(input, { abortSignal: signal })
      this.#answered()
      return Messages.map((message) => recordOf(message, arn))
    } catch (fault) {
      if (!signal.aborted) await this.#away(fault, signal)
      return []
    }
  }

  async #ask(abortSignal: AbortSignal): Promise<string> {
    const { queue } = this.#options
    const input = { QueueUrl: queue, AttributeNames: ['QueueArn' as const] }
    const { Attributes } = await this.#poller.getQueueAttributes(input, { abortSignal })
    if (!Attributes?.QueueArn) throw new Error(`SQS told no ARN of ${queue}`)
    return Attributes.QueueArn
  }

  #answered(): void {
    if (this.#told.size > 0) this.#options.report(`queue ${this.#options.queue} answers again`)
    this.#told.clear()
    this.#isReady = true
    this.#failures = 0
  }

  /** Waits. An outage is told once, and once more where it turns into another one. */
  async #away(fault: unknown, signal: AbortSignal): Promise<void> {
    this.#isReady = false
    const { queue, report } = this.#options
    // Faults of the network have a code, those of AWS a name.
    const { code, name } = fault as NodeJS.ErrnoException
    const kind = code ?? name
    if (!this.#told.has(kind)) report(`queue ${queue} is away; it is tried until it answers`, fault)
    this.#told.add(kind)
    const ms = Math.min(longestWaitMs, firstWaitMs * 2 ** this.#failures++)
    await sleep(ms, undefined, { signal }).catch(() => {})
  }

  async #work(records: SQSRecord[]): Promise<void> {
    const ended = new AbortController()
    const renewed = this.#renew(records, ended.signal)
    const failed = await this.#invoke(records)
    ended.abort()
    // One that is under way must not hide what the handler has given back, nor follow the delete.
    await renewed
    await Promise.all(
      records.filter(({ messageId }) => !failed.has(messageId)).map((each) => this.#delete(each)),
    )
  }

  /** Keeps messages hidden until the signal. A failure is told once: it mostly goes on. */
  async #renew(records: SQSRecord[], signal: AbortSignal): Promise<void> {
    const { queue: QueueUrl, visibility: VisibilityTimeout, report } = this.#options
    for (let isTold = false; ; ) {
      // Two renewals may be lost before the message is seen again.
      const ms = (1_000 * VisibilityTimeout) / 3
      await sleep(ms, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      const ends = await Promise.allSettled(
        records.map(({ receiptHandle: ReceiptHandle }) =>
          this.#caller.changeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout }),
        ),
      )
      const lost = ends.find((end) => end.status === 'rejected')
      if (lost && !isTold) report('a message in hand may be given to others, too', lost.reason)
      isTold ||= lost !== undefined
    }
  }

  /** @returns the ids of the messages that stay in the queue */
  async #invoke(records: SQSRecord[]): Promise<Set<string>> {
    const ids = records.map(({ messageId }) => messageId)
    const deadline = { isOver: () => this.#stopping.signal.aborted }
    try {
      return failuresOf(await this.#options.handler({ Records: records }, deadline), ids)
    } catch (fault) {
      this.#options.report(`the invocation with ${ids.join(', ')} failed`, fault)
      return new Set(ids)
    }
  }

  async #delete({ messageId, receiptHandle: ReceiptHandle }: SQSRecord): Promise<void> {
    const { queue: QueueUrl, report } = this.#options
    try {
      await this.#caller.deleteMessage({ QueueUrl, ReceiptHandle })
    } catch (fault) {
      report(`message ${messageId} is handled, but could not be deleted: it comes again`, fault)
    }
  }
}

/** Each attempt ends after so many milliseconds. */
function openClient(maxAttempts: number, requestTimeout: number): SQS {
  const requestHandler = { connectionTimeout: 2_000, requestTimeout, throwOnRequestTimeout: true }
  // By the endpoint of the environment, as all else: an emulator's URLs may name another host.
  return new SQS({ useQueueUrlAsEndpoint: false, maxAttempts, requestHandler })
}

/** @throws Error for an answer that Lambda takes for the failure of the whole batch */
function failuresOf(answer: unknown, ids: string[]): Set<string> {
  const failures = answerSchema.parse(answer)?.batchItemFailures ?? []
  const failed = failures.map(({ itemIdentifier }) => itemIdentifier)
  const unknown = failed.find((id) => !ids.includes(id))
  if (unknown === undefined) return new Set(failed)
  throw new Error(`the handler names message "${unknown}", which it was not given`)
}

/** A message as Lambda shows it to a function. */
function recordOf(message: Message, arn: string): SQSRecord {
  const { MD5OfMessageAttributes } = message
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    // Those that every message has were all asked for.
    attributes: message.Attributes as unknown as SQSRecord['attributes'],
    messageAttributes: attributesOf(message),
    md5OfBody: message.MD5OfBody ?? '',
    ...(MD5OfMessageAttributes && { md5OfMessageAttributes: MD5OfMessageAttributes }),
    eventSource: 'aws:sqs',
    eventSourceARN: arn,
    awsRegion: arn.split(':')[3] ?? '',
  }
}

function attributesOf({ MessageAttributes = {} }: Message): SQSMessageAttributes {
  const shown = Object.entries(MessageAttributes).map(([name, value]) => {
    const { StringValue: stringValue, BinaryValue, DataType: dataType = '' } = value
    const binaryValue = BinaryValue && Buffer.from(BinaryValue).toString('base64')
    const lists = { stringListValues: [], binaryListValues: [] }
    return [name, { stringValue, binaryValue, ...lists, dataType }]
  })
  return Object.fromEntries(shown)
}
