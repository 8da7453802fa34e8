import { Duration, Stack } from 'aws-cdk-lib'
import { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import type { Construct } from 'constructs'
import type { Maintenance } from './maintenance.ts'
import type { ObjectStage } from './stage.ts'
import type { RecordStream } from './stream.ts'

/** The parts of the stack that are watched. */
export interface Parts {
  stages: ObjectStage[]
  records: RecordStream
  maintenance: Maintenance
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

/** Records of batches that the mapping gave up, and put into the bucket of failed batches. */
export function givenUp({ mapping }: RecordStream): Metric {
  return new Metric({
    namespace: 'AWS/Lambda',
    metricName: 'OnFailureDestinationDeliveredEventCount',
    dimensionsMap: { EventSourceMappingUUID: mapping },
    period: Duration.minutes(5),
    statistic: 'Sum',
  })
}

export function iteratorAge({ stream }: RecordStream): Metric {
  return new Metric({
    namespace: 'AWS/Kinesis',
    metricName: 'GetRecords.IteratorAgeMilliseconds',
    dimensionsMap: { StreamName: stream.streamName },
    period: Duration.minutes(1),
    statistic: 'Maximum',
  })
}
