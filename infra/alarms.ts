import { Duration, Validations } from 'aws-cdk-lib'
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import { Construct } from 'constructs'
import { givenUp, iteratorAge, ownMetric, type Parts } from './metrics.ts'
import type { Settings } from './settings.ts'
import { append, rawIngestion, silver } from './shape.ts'

/** One alarm: what broke, and where the runbook (docs/operations.md) says what to do. */
interface AlarmShape {
  id: string
  metric: IMetric
  /** Above it. */
  threshold: number
  /** So many periods of so many. */
  periods?: [number, number]
  broke: string
  page: string
}

/** Every alarm of the stack; with an address, each tells it when it begins and when it is over. */
export function makeAlarms(scope: Construct, parts: Parts, settings: Settings): Alarm[] {
  const alarms = new Construct(scope, 'Alarms')
  const topic = settings.alarmEmail === undefined ? undefined : makeTopic(alarms, settings)
  const shapes = [...stageAlarms(alarms, parts), ...streamAlarms(alarms, parts), ...shared(parts)]
  return shapes.map(({ id, metric, threshold, periods = [1, 1], broke, page }) => {
    const alarm = new Alarm(alarms, id, {
      alarmDescription: `${broke} Runbook: docs/operations.md#${page}`,
      metric,
      threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      datapointsToAlarm: periods[0],
      evaluationPeriods: periods[1],
      treatMissingData: TreatMissingData.NOT_BREACHING,
    })
    if (topic) {
      alarm.addAlarmAction(new SnsAction(topic))
      alarm.addOkAction(new SnsAction(topic))
    }
    return alarm
  })
}

function makeTopic(scope: Construct, { alarmEmail }: Settings): Topic {
  const topic = new Topic(scope, 'Topic', { enforceSSL: true })
  topic.addSubscription(new EmailSubscription(alarmEmail ?? ''))
  Validations.of(topic).acknowledge({
    id: 'Serverless-SNSRedrivePolicy',
    reason:
      'A mail that is lost is one of two: the alarm stays red on the dashboard and the console.',
  })
  Validations.of(topic).acknowledge({
    id: 'AwsSolutions-SNS2',
    reason:
      'An alarm says which resource of the stack is unwell and no value of the data; it goes on ' +
      'by e-mail. CloudWatch could publish to an encrypted topic only by a key that is paid for.',
  })
  return topic
}

function stageAlarms(scope: Construct, { stages }: Parts): AlarmShape[] {
  const dead = stages.map(
    ({ shape, deadLetters }): AlarmShape => ({
      id: `${shape.id}DeadLetters`,
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(1),
        statistic: 'Maximum',
      }),
      threshold: 0,
      broke: `Objects were tried by ${shape.service} again and again, and did not land.`,
      page: 'dead-letters',
    }),
  )
  const refused = stages.map(
    ({ shape }): AlarmShape => ({
      id: `${shape.id}Refused`,
      metric: ownMetric(scope, shape.service, 'ObjectsRefused'),
      threshold: 0,
      broke: `${shape.service} refused a whole object: none of its rows are there.`,
      page: 'refused-objects',
    }),
  )
  const ratios = stages
    .filter(({ shape }) => shape === rawIngestion || shape === silver)
    .map(({ shape }) => rejectRatio(scope, shape.id, shape.service))
  return [...dead, ...refused, ...ratios]
}

/** Of all records of a quarter of an hour; a few of a few are no alarm. */
function rejectRatio(scope: Construct, id: string, service: string): AlarmShape {
  const period = Duration.minutes(15)
  const metric = new MathExpression({
    expression: 'IF(rejected + accepted >= 100, 100 * rejected / (rejected + accepted), 0)',
    usingMetrics: {
      rejected: ownMetric(scope, service, 'RecordsRejected', period),
      accepted: ownMetric(scope, service, 'RecordsAccepted', period),
    },
    label: `${service}: rejected records, %`,
    period,
  })
  return {
    ...{ id: `${id}RejectRatio`, metric, threshold: 5, page: 'reject-ratio' },
    broke: `More than 5 % of the records that ${service} took in 15 minutes were rejected.`,
  }
}

function streamAlarms(scope: Construct, { records }: Parts): AlarmShape[] {
  return [
    {
      id: 'IteratorAge',
      metric: iteratorAge(records),
      threshold: 5 * 60_000,
      periods: [5, 5],
      broke: 'The stream is read more than 5 minutes behind: events and windows are late.',
      page: 'iterator-age',
    },
    {
      id: 'FailedBatches',
      metric: givenUp(records),
      threshold: 0,
      broke: 'A batch of the stream was given up; its records lie in the failed batches.',
      page: 'failed-batches',
    },
    rejectRatio(scope, 'Append', append.service),
  ]
}

function shared({ stages, records, maintenance }: Parts): AlarmShape[] {
  const functions = [
    ...stages.map(({ shape, function: made }) => ({ id: `${shape.id}`, made })),
    { id: 'Append', made: records.function },
  ]
  const period = Duration.minutes(5)
  const scheduled: AlarmShape = {
    id: 'Schedules',
    metric: maintenance.function.metricErrors({ period }),
    threshold: 0,
    periods: [2, 3],
    broke: 'A scheduled job (tick, compact or vacuum) fails again and again.',
    page: 'schedules',
  }
  return functions
    .flatMap(({ id, made }): AlarmShape[] => [
      {
        id: `${id}Errors`,
        metric: made.metricErrors({ period }),
        threshold: 0,
        periods: [2, 3],
        broke: `The function of ${id} ends in errors: killed by time or memory, or broken.`,
        page: 'errors',
      },
      {
        id: `${id}Throttles`,
        metric: made.metricThrottles({ period }),
        threshold: 0,
        periods: [3, 3],
        broke: `Lambda does not run the function of ${id} as often as is asked.`,
        page: 'throttles',
      },
    ])
    .concat(scheduled)
}
