import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import { packageOf } from './contract/catalog.ts'
import { type Deadline, noDeadline, TimeOver } from './deadline.ts'
import { UnsafeKey } from './errors.ts'
import { type Hint, hintsOf } from './event.ts'
import { messageOf } from './finding.ts'
import { isProposal } from './infer/proposal.ts'
import type { Lake } from './lake.ts'
import { logFault, logWarning } from './log.ts'
import { none, type Outcome } from './outcome.ts'
import { type Left, type Queue, receivesOf } from './queue.ts'

/** What is the same for every stage that takes events of objects. */
export interface Stage {
  name: Outcome['stage']
  lake: Lake
  /** What the keys of its objects begin with. */
  prefixes: string[]
  /** Brings the object's current version in; undefined where there is nothing to bring. */
  handle: (key: string) => Promise<Outcome | undefined>
  /**
   * Brings several objects in at a lower price than one after the other, where that can be: how
   * those ended that ended well. The others are handled by themselves. Undefined: nothing is.
   */
  together?: (keys: string[], deadline: Deadline) => Promise<Outcome[]>
  /** The objects below a folder that its new descriptor may let through. */
  stuck: (folder: string) => Promise<string[]>
  /** Told how each object ended, failures too. */
  report: (outcome: Outcome) => void
  /** Where messages that fail are given back to; without it they wait for their whole time. */
  queue?: Queue | undefined
}

/** A stage within one invocation, and what has ended in it already, by key. */
type Run = Stage & { deadline: Deadline; ended: Map<string, Outcome> }

const nothingFailed: SQSBatchResponse = { batchItemFailures: [] }

/**
 * Takes what Lambda gets: a batch of SQS messages, of which those that fail are given back, or one
 * event of S3 or EventBridge, which fails as a whole. After the deadline nothing is begun.
 *
 * @throws what kept a direct event from being handled: database, store, disk, TimeOver
 */
export async function handleEvent(
  stage: Stage,
  event: unknown,
  deadline = noDeadline,
): Promise<SQSBatchResponse> {
  const run: Run = { ...stage, deadline, ended: new Map() }
  if (!isSqs(event)) {
    await each(run, hintsFor(run, event), (hint) => handleHint(run, hint))
    return nothingFailed
  }
  const left: Left[] = []
  const handleMessage = async (message: SQSRecord) => {
    try {
      const hints = readMessage(run, message)
      await each(run, hints, (hint) => handleHint(run, hint))
    } catch (fault) {
      left.push({ message, fault })
      throw fault
    }
  }
  // Those first that came most often, or some would come in vain until they are dead letters.
  const Records = event.Records.toSorted((a, b) => receivesOf(b) - receivesOf(a))
  await beginTogether(run, Records)
  const processor = new BatchProcessor(EventType.SQS)
  const answer = await processPartialResponse({ Records }, handleMessage, processor, {
    // One object at a time, so that memory is that of one; and an answer, whatever fails.
    processInParallel: false,
    throwOnFullBatchFailure: false,
  })
  await stage.queue?.giveBack(left)
  return answer
}

/**
 * Does what comes before and after a batch, too: where that fails (the database is away when a
 * function starts), all messages are given back.
 *
 * @throws what `work` throws, but for TimeOver of a batch: it comes again, and is no fault
 */
export async function orGiveBack(
  queue: Queue | undefined,
  event: unknown,
  work: () => Promise<SQSBatchResponse>,
): Promise<SQSBatchResponse> {
  try {
    return await work()
  } catch (fault) {
    if (!isSqs(event)) throw fault
    await queue?.giveBack(event.Records.map((message) => ({ message, fault })))
    if (!(fault instanceof TimeOver)) throw fault
    const failed = event.Records.map(({ messageId }) => ({ itemIdentifier: messageId }))
    return { batchItemFailures: failed }
  }
}

/** So often a message comes again for what is not of its own object: for a minute or so. */
const AGAIN = 6

/**
 * What was left to be done after a batch failed. One message comes again for it, and its object is
 * unchanged then. Only a few times: what fails for good must not make dead letters of all that
 * lands. It stays marked, and each next object tries it.
 *
 * @returns the answer, with that message in it
 * @throws the fault where the event is no batch
 */
export async function comeAgain(
  queue: Queue | undefined,
  event: unknown,
  answer: SQSBatchResponse,
  fault: unknown,
): Promise<SQSBatchResponse> {
  if (!isSqs(event)) throw fault
  if (!(fault instanceof TimeOver)) logFault('what objects left to be done has failed', fault)
  const [message] = event.Records
  const comes = answer.batchItemFailures.length > 0
  if (comes || !message || receivesOf(message) > AGAIN) return answer
  await queue?.giveBack([{ message, fault }])
  return { batchItemFailures: [{ itemIdentifier: message.messageId }] }
}

function isSqs(event: unknown): event is SQSEvent {
  const records = (event as Partial<SQSEvent> | null)?.Records
  return Array.isArray(records) && records.every((one) => one.eventSource === 'aws:sqs')
}

/**
 * What a batch has in common is done first. Whatever goes wrong here is met again, and told, where
 * each message is handled.
 */
async function beginTogether(run: Run, records: SQSRecord[]): Promise<void> {
  if (!run.together || records.length < 2) return
  const keys = new Set(records.flatMap((record) => plainKeys(run, record)))
  const ended = await run.together([...keys], run.deadline).catch(() => [])
  for (const outcome of ended) run.ended.set(outcome.object, outcome)
}

/** Keys of objects that can be read in one way only. */
function plainKeys(run: Run, { body }: SQSRecord): string[] {
  try {
    const hints = hintsFor(run, JSON.parse(body))
    const plain = hints.filter(({ key, decoded = key }) => decoded === key)
    return plain.map(({ key }) => key).filter((key) => isOurs(run, key))
  } catch {
    return []
  }
}

/** What nobody sent is told at each of its receives: no object's failure speaks of it. */
function readMessage(run: Run, { messageId, body }: SQSRecord): Hint[] {
  try {
    return hintsFor(run, JSON.parse(body))
  } catch (fault) {
    logWarning(`message ${messageId} cannot be taken; it will be a dead letter`, fault as Error)
    throw fault
  }
}

/** @throws Error for an event that is none of this lake */
function hintsFor({ lake }: Run, event: unknown): Hint[] {
  const { url } = lake.store
  const hints = hintsOf(event)
  const strange = hints.find(({ bucket }) => url.startsWith('s3://') && url !== `s3://${bucket}`)
  if (strange) throw new Error(`an event of bucket ${strange.bucket}, but the lake is ${url}`)
  return hints
}

/**
 * Works on all that there is time for, and throws the first fault only then: none keeps the others
 * from theirs.
 */
async function each<T>(run: Run, items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const faults: unknown[] = []
  for (const item of items) {
    if (run.deadline.isOver()) {
      faults.push(new TimeOver())
      break
    }
    await work(item).catch((fault) => faults.push(fault))
  }
  if (faults.length > 0) throw faults[0]
}

/** Where a key can be read in two ways, what stands there decides. */
async function handleHint(stage: Run, { key, decoded = key }: Hint): Promise<void> {
  const plain = decoded === key || (await stands(stage, key))
  await handleKey(stage, plain ? key : decoded)
}

async function stands(stage: Stage, key: string): Promise<boolean> {
  try {
    return (await stage.lake.store.head(key)) !== undefined
  } catch (error) {
    if (error instanceof UnsafeKey) return false
    throw error
  }
}

/** One key of the stage's: an object, or a descriptor that may let several through. */
async function handleKey(stage: Run, key: string): Promise<void> {
  if (!isOurs(stage, key)) return
  const folder = await packageOf(stage.lake.store, key)
  const keys = folder === undefined ? [key] : await stage.stuck(folder)
  await each(stage, keys, async (one) => {
    const outcome = await attempt(stage, one)
    if (outcome) stage.report(outcome)
  })
}

/** A key with a slash at its end is the mark of an empty folder, as S3's console makes it. */
function isOurs({ prefixes }: Stage, key: string): boolean {
  const isBelow = prefixes.some((prefix) => key.startsWith(prefix))
  return isBelow && !key.endsWith('/') && !isProposal(key)
}

/** A key that cannot be an object is refused; a fault is reported, and thrown on. */
async function attempt(stage: Run, key: string): Promise<Outcome | undefined> {
  const ended = stage.ended.get(key)
  // The next message of the same key may be of a later version.
  if (stage.ended.delete(key)) return ended
  const started = performance.now()
  try {
    return await stage.handle(key)
  } catch (error) {
    const reason = messageOf(error)
    const seconds = (performance.now() - started) / 1000
    const status = error instanceof UnsafeKey ? 'refused' : 'failed'
    const end = { stage: stage.name, object: key, dataset: undefined, reason, seconds, ...none }
    if (status === 'refused') return { ...end, status }
    stage.report({ ...end, status })
    throw error
  }
}
