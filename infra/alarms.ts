import { Duration, Stack, Validations } from 'aws-cdk-lib'
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import { Construct } from 'constructs'
import { givenUp, iteratorAge, looks, ownMetric, type Parts } from './metrics.ts'
import type { Settings } from './settings.ts'
import { append, maintenance, rawIngestion } from './shape.ts'

/** One alarm: what broke, and where the runbook (docs/operations.md) says what to do. */
interface AlarmShape {
  id: string
  metric: IMetric
  /** Above it; where something must be counted, below it. */
  threshold: number
  /** So many periods of so many. */
  periods?: [number, number]
  /** What should always be counted, and is not, has stopped. */
  mustCount?: boolean
  broke: string
  page: string
}

/** Every alarm of the stack; with an address, each tells it when it begins and when it is over. */
export function makeAlarms(scope: Construct, parts: Parts, settings: Settings): Alarm[] {
  const alarms = new Construct(scope, 'Alarms')
  const topic = settings.alarmEmail === undefined ? undefined : makeTopic(alarms, settings)
  const shapes = [
    ...stageAlarms(alarms, parts),
    ...streamAlarms(alarms, parts),
    ...functionAlarms(parts),
    ...databaseAlarms(alarms, parts),
    ...scheduleAlarms(alarms, parts),
  ]
  return shapes.map((shape) => {
    const alarm = makeAlarm(alarms, shape)
    if (topic) {
      alarm.addAlarmAction(new SnsAction(topic))
      alarm.addOkAction(new SnsAction(topic))
    }
    return alarm
  })
}

function makeAlarm(scope: Construct, shape: AlarmShape): Alarm {
  const { id, metric, threshold, periods = [1, 1], mustCount = false, broke, page } = shape
  const { LESS_THAN_THRESHOLD, GREATER_THAN_THRESHOLD } = ComparisonOperator
  return new Alarm(scope, id, {
    alarmDescription: `${broke} Runbook: docs/operations.md#${page}`,
    metric,
    threshold,
    comparisonOperator: mustCount ? LESS_THAN_THRESHOLD : GREATER_THAN_THRESHOLD,
    datapointsToAlarm: periods[0],
    evaluationPeriods: periods[1],
    treatMissingData: mustCount ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
  })
}

function makeTopic(scope: Construct, { alarmEmail }: Settings): Topic {
  const topic = new Topic(scope, 'Topic', { enforceSSL: true })
  // A policy of its own, here that for TLS, takes the place of the one that lets alarms publish.
  topic.addToResourcePolicy(
    new PolicyStatement({
      actions: ['sns:Publish'],
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      resources: [topic.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  )
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
  return stages.flatMap(({ shape, queue, deadLetters }): AlarmShape[] => [
    {
      id: `${shape.id}DeadLetters`,
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(1),
        statistic: 'Maximum',
      }),
      threshold: 0,
      broke: `Objects were tried by ${shape.service} again and again, and did not land.`,
      page: 'dead-letters',
    },
    {
      id: `${shape.id}Waiting`,
      metric: queue.metricApproximateAgeOfOldestMessage({
        period: Duration.minutes(5),
        statistic: 'Maximum',
      }),
      threshold: 3_600,
      periods: [3, 3],
      broke: `An object has waited for ${shape.service} for more than an hour.`,
      page: 'waiting-messages',
    },
    {
      id: `${shape.id}Refused`,
      metric: ownMetric(scope, shape.service, 'ObjectsRefused'),
      threshold: 0,
      broke: `${shape.service} refused a whole object: none of its rows are there.`,
      page: 'refused-objects',
    },
    ...(shape.loads ? [rejectRatio(scope, shape.id, shape.service)] : []),
  ])
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
      id: 'StreamUnread',
      metric: looks(records),
      threshold: 1,
      periods: [3, 3],
      mustCount: true,
      broke: 'Nobody has looked into the stream for 15 minutes.',
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

/** A function of a stage gives back what fails: only what kills it is an error. */
function functionAlarms({ stages, records }: Parts): AlarmShape[] {
  const functions = [
    ...stages.map(({ shape, function: made }) => ({ id: `${shape.id}`, made, once: true })),
    { id: 'Append', made: records.function, once: false },
  ]
  const period = Duration.minutes(5)
  return functions.flatMap(({ id, made, once }): AlarmShape[] => [
    {
      id: `${id}Errors`,
      metric: made.metricErrors({ period }),
      threshold: 0,
      // A message whose function was killed is hidden for 90 minutes: its next error is far.
      periods: once ? [1, 1] : [2, 3],
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
}

/**
 * Where raw-ingestion is: rows that wait for a parent, rows to be loaded again. And of Aurora, what
 * no stage tells: a load is meant to use all of it, for a while.
 */
function databaseAlarms(scope: Construct, { stages, aurora }: Parts): AlarmShape[] {
  const unsettled = stages
    .filter(({ shape }) => shape.id === rawIngestion.id)
    .map(({ shape }) => ({
      id: `${shape.id}Unsettled`,
      metric: ownMetric(scope, shape.service, 'Faults'),
      threshold: 0,
      periods: [2, 3] as [number, number],
      broke: 'Rows that wait for their parent cannot be looked at again, again and again.',
      page: 'errors',
    }))
  if (!aurora) return unsettled
  const capacity: AlarmShape = {
    id: 'DatabaseCapacity',
    metric: aurora.cluster.metricACUUtilization({ period: Duration.minutes(5) }),
    threshold: 95,
    periods: [12, 12],
    broke: 'Aurora has been at its most ACUs for an hour: loads wait for it.',
    page: 'database-capacity',
  }
  return [...unsettled, capacity]
}

function scheduleAlarms(scope: Construct, { maintenance: { function: made } }: Parts) {
  const shapes: AlarmShape[] = [
    {
      id: 'Schedules',
      metric: made.metricErrors({ period: Duration.minutes(5) }),
      threshold: 0,
      broke: 'A scheduled job (tick, compact or vacuum) failed.',
      page: 'schedules',
    },
    {
      id: 'TickStopped',
      metric: ownMetric(scope, maintenance.service, 'JobsTick'),
      threshold: 1,
      periods: [3, 3],
      mustCount: true,
      broke: 'No tick has ended for 15 minutes: windows of idle shards stay open.',
      page: 'schedules',
    },
  ]
  return shapes
}
