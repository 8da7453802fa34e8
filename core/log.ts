import { Logger } from '@aws-lambda-powertools/logger'
import { measureBatch, measureFault, measureJob, measureOutcome } from './metrics.ts'
import type { Appended, Outcome } from './outcome.ts'

/** What the deployed functions tell: each end is logged and measured by one call. */
const logger = new Logger({ serviceName: process.env.POWERTOOLS_SERVICE_NAME || 'sluice' })

/** One line of JSON for each object and stage, as CloudWatch wants it. */
export function logOutcome(outcome: Outcome): void {
  measureOutcome(outcome)
  const { status, reason } = outcome
  const message = `${outcome.object}: ${status}${reason ? `: ${reason}` : ''}`
  if (status === 'failed') logger.error(message, { outcome })
  else if (status === 'refused' || outcome.rejected > 0) logger.warn(message, { outcome })
  else logger.info(message, { outcome })
}

/** One line of JSON for each batch of a shard. */
export function logBatch(batch: Appended, fault?: unknown): void {
  measureBatch(batch, fault)
  const message = `${batch.shard}: ${batch.accepted} rows up to ${batch.position || 'nothing'}`
  if (fault) logger.error(message, { batch, error: fault as Error })
  else if (batch.rejected + batch.poison > 0) logger.warn(message, { batch })
  else logger.info(message, { batch })
}

/** What failed beside objects and batches. */
export function logFault(message: string, fault: unknown): void {
  measureFault()
  tellFault(message, fault)
}

let tellFault = (message: string, fault: unknown): void => {
  logger.error(message, { error: fault as Error })
}

/** Tells such faults in another way: a person at a command reads no JSON and no stack. */
export function tellFaultsBy(tell: typeof tellFault): void {
  tellFault = tell
}

/**
 * Of a commit that left dead files unburied, if it did: until the next one of the record buries
 * them, whoever reads all files of a folder sees their rows beside the new ones.
 */
export function logUnburied(record: string, fault: unknown): void {
  if (fault !== undefined) logFault(`${record}: dead files could not be emptied yet`, fault)
}

/** What did harm to nothing yet. */
export function logWarning(message: string, fault: Error): void {
  logger.warn(message, fault)
}

/** One line of JSON for each scheduled job. */
export function logJob(job: string, done: object): void {
  measureJob(job)
  const told = Object.entries(done).map(([name, value]) => {
    return `${name} ${Array.isArray(value) ? value.length : value}`
  })
  logger.info(`${job}: ${told.join(', ')}`, { job, done })
}
