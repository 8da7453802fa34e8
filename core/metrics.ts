import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import type { Appended, Outcome } from './outcome.ts'

/**
 * What alarms and the dashboard are made of: CloudWatch's embedded metric format, a line for each
 * object, batch and job. Nothing is measured outside Lambda.
 */
const isLambda = process.env.AWS_LAMBDA_FUNCTION_NAME !== undefined
const stack = process.env.SLUICE_STACK

const metrics = new Metrics({
  namespace: process.env.POWERTOOLS_METRICS_NAMESPACE || 'Sluice',
  serviceName: process.env.POWERTOOLS_SERVICE_NAME || 'sluice',
  ...(stack && { defaultDimensions: { stack } }),
})

/**
 * `ObjectsLoaded` and its like count ends of events. Records and seconds are those of the work that
 * was done now: an unchanged object tells its records again, and those that have come through the
 * stream were measured batch by batch.
 */
export function measureOutcome(outcome: Outcome): void {
  const { stage, status, accepted, rejected, waiting } = outcome
  const records = { RecordsAccepted: accepted, RecordsRejected: rejected, RecordsWaiting: waiting }
  const isLoaded = status === 'loaded' && stage !== 'streaming'
  const isLanding = status === 'loaded' && stage === 'streaming'
  const counts = { [`Objects${capital(status)}`]: 1, ...(isLoaded && records) }
  emit(counts, isLanding ? {} : { ObjectSeconds: outcome.seconds })
}

/** @param fault that ended the batch, whose rest comes again */
export function measureBatch(batch: Appended, fault?: unknown): void {
  emit({
    Records: batch.records,
    RecordsAccepted: batch.accepted,
    RecordsRejected: batch.rejected,
    RecordsPoison: batch.poison,
    BatchesFailed: fault === undefined ? 0 : 1,
  })
}

/** What failed beside objects and batches. */
export function measureFault(): void {
  emit({ Faults: 1 })
}

/** `JobsTick`, `JobsCompact`, `JobsVacuum`: an alarm can tell that a schedule has stopped. */
export function measureJob(job: string): void {
  emit({ [`Jobs${capital(job)}`]: 1 })
}

function emit(counts: Record<string, number>, seconds: Record<string, number> = {}): void {
  if (!isLambda) return
  for (const [name, count] of Object.entries(counts)) {
    metrics.addMetric(name, MetricUnit.Count, count)
  }
  for (const [name, time] of Object.entries(seconds)) {
    metrics.addMetric(name, MetricUnit.Seconds, time)
  }
  metrics.publishStoredMetrics()
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
