import { Duration, Stack } from 'aws-cdk-lib'
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch'
import type { Construct } from 'constructs'
import type { Aurora } from './aurora.ts'
import type { Maintenance } from './maintenance.ts'
import type { ObjectStage } from './stage.ts'
import type { RecordStream } from './stream.ts'

/** The parts of the stack that are watched. */
export interface Parts {
  stages: ObjectStage[]
  records: RecordStream
  maintenance: Maintenance
  /** Where the stack makes it: one that exists is watched by its owner. */
  aurora: Aurora | undefined
}

/** One of the functions' own metrics (core/metrics.ts), summed up. */
export function ownMetric(
  scope: Construct,
  service: string,
  metricName: string,
  period: Duration = Duration.minutes(5),
): Metric {
  const dimensionsMap = { stack: Stack.of(scope).stackName, service }
  const label = `${service} ${metricName}`
  return new Metric({
    ...{ namespace: 'Sluice', metricName, dimensionsMap, period, label },
    statistic: 'Sum',
  })
}

/** Records of batches that the mapping gave up: kept in the failed batches, or not even that. */
export function givenUp(records: RecordStream): MathExpression {
  return new MathExpression({
    expression: 'FILL(kept, 0) + FILL(dropped, 0)',
    usingMetrics: {
      kept: ofMapping(records, 'OnFailureDestinationDeliveredEventCount', 'Sum'),
      dropped: ofMapping(records, 'DroppedEventCount', 'Sum'),
    },
    label: 'records given up',
    period: Duration.minutes(5),
  })
}

/** Lambda's looks into the stream, which it tells of when nothing is there, too. */
export function looks(records: RecordStream): Metric {
  return ofMapping(records, 'PolledEventCount', 'SampleCount')
}

/** https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html */
function ofMapping({ mapping }: RecordStream, metricName: string, statistic: string): Metric {
  return new Metric({
    ...{ namespace: 'AWS/Lambda', metricName, statistic },
    dimensionsMap: { EventSourceMappingUUID: mapping },
    period: Duration.minutes(5),
  })
}

/** As Lambda has it, when it hands records over: those of Kinesis tell of its reading ahead. */
export function iteratorAge({ function: made }: RecordStream): Metric {
  return made.metric('IteratorAge', { period: Duration.minutes(1), statistic: 'Maximum' })
}
