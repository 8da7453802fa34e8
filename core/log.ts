import { Logger } from '@aws-lambda-powertools/logger'
import type { Outcome } from './outcome.ts'

const logger = new Logger({ serviceName: 'sluice' })

/** One line of JSON for each object and stage, as CloudWatch wants it. */
export function logOutcome(outcome: Outcome): void {
  const { status, reason } = outcome
  const message = `${outcome.object}: ${status}${reason ? `: ${reason}` : ''}`
  if (status === 'failed') logger.error(message, { outcome })
  else if (status === 'refused' || outcome.rejected > 0) logger.warn(message, { outcome })
  else logger.info(message, { outcome })
}
