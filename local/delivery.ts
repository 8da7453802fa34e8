import { setTimeout as sleep } from 'node:timers/promises'
import type { KinesisStreamBatchResponse } from 'aws-lambda'
import type { StreamedRecord } from '../core/stream/kinesis.ts'

/** Hands records over; throws, or names those that failed. */
export type Call = (records: StreamedRecord[]) => Promise<KinesisStreamBatchResponse>

export interface DeliveryOptions {
  /** Whether a batch whose call fails is split in two. */
  bisect: boolean
  /** Milliseconds before the second try; each later one waits twice as long, up to `longest`. */
  retry: { first: number; longest: number }
}

/** What a batch is told: records that went through, and failures by the tries so far. */
interface Told {
  passed: (count: number) => void
  failed: (error: unknown, tries: number) => void
}

/** How far a call came. With `whole` the failure is of the call, not of one record. */
interface Outcome {
  passed: number
  whole: boolean
  error: unknown
}

/**
 * Hands a batch over until all of it has gone through, as Lambda does: all before the first record
 * that is named as failed is done, and the rest comes again; a call that fails as a whole comes
 * again as it was, or with `bisect` in two halves, the first until it is through, then the second.
 * A half is a batch of its own, and waits as for its second try: a split costs none.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 *
 * @returns when all is through; after an abort, as soon as the call in hand has ended
 */
export async function deliver(
  records: StreamedRecord[],
  call: Call,
  { bisect, retry }: DeliveryOptions,
  told: Told,
  signal: AbortSignal,
): Promise<void> {
  const waiting = [records]
  for (let tries = 0; waiting[0] && !signal.aborted; ) {
    const [batch] = waiting
    const { passed, whole, error } = await attempt(call, batch)
    if (passed > 0) {
      told.passed(passed)
      tries = 0
    }
    if (passed === batch.length) {
      waiting.shift()
      continue
    }
    told.failed(error, ++tries)
    const delay = Math.min(retry.longest, retry.first * 2 ** (tries - 1))
    if (whole && bisect && batch.length > 1) {
      const middle = batch.length >> 1
      waiting.splice(0, 1, batch.slice(0, middle), batch.slice(middle))
      tries = 0
    } else if (passed > 0) {
      waiting[0] = batch.slice(passed)
    }
    await sleep(delay, undefined, { signal }).catch(() => {})
  }
}

async function attempt(call: Call, batch: StreamedRecord[]): Promise<Outcome> {
  try {
    return outcomeOf(await call(batch), batch)
  } catch (error) {
    return { passed: 0, whole: true, error }
  }
}

/** Lambda takes no answer at all for success, and a name that it does not know for failure. */
function outcomeOf(answer: KinesisStreamBatchResponse | undefined, batch: StreamedRecord[]) {
  let passed = batch.length
  for (const { itemIdentifier } of answer?.batchItemFailures ?? []) {
    const place = batch.findIndex(({ sequenceNumber }) => sequenceNumber === itemIdentifier)
    if (place === -1) {
      const error = new Error(
        `the handler names record "${itemIdentifier}", which it was not given`,
      )
      return { passed: 0, whole: true, error }
    }
    passed = Math.min(passed, place)
  }
  const error = new Error(`the handler says that record ${batch[passed]?.sequenceNumber} failed`)
  return { passed, whole: false, error }
}
