import { Duration } from 'aws-cdk-lib'
import { Dashboard, GraphWidget, type IMetric, type IWidget } from 'aws-cdk-lib/aws-cloudwatch'
import type { DatabaseCluster } from 'aws-cdk-lib/aws-rds'
import type { Construct } from 'constructs'
import { givenUp, iteratorAge, ownMetric, type Parts } from './metrics.ts'
import { append } from './shape.ts'

/** One page: what flows, what is stuck, what fails, in that order. */
export function makeDashboard(scope: Construct, parts: Parts): Dashboard {
  const flow = parts.stages.flatMap((stage) => [
    graph(
      `${stage.shape.service}: objects`,
      ['Loaded', 'Published', 'Refused', 'Held', 'Failed'].map((status) =>
        ownMetric(scope, stage.shape.service, `Objects${status}`),
      ),
    ),
    graph(`${stage.shape.service}: records`, recordsOf(scope, stage.shape.service)),
  ])
  const stuck = parts.stages.map(({ shape, queue, deadLetters }) =>
    graph(`${shape.service}: waiting and dead messages`, [
      queue.metricApproximateNumberOfMessagesVisible(),
      queue.metricApproximateAgeOfOldestMessage(),
      deadLetters.metricApproximateNumberOfMessagesVisible(),
    ]),
  )
  return new Dashboard(scope, 'Dashboard', {
    defaultInterval: Duration.hours(12),
    widgets: [
      ...[flow, stuck, streamGraphs(scope, parts), functionGraphs(parts)],
      ...(parts.aurora ? [databaseGraphs(parts.aurora.cluster)] : []),
    ],
  })
}

function recordsOf(scope: Construct, service: string): IMetric[] {
  return ['Accepted', 'Rejected', 'Waiting'].map((what) =>
    ownMetric(scope, service, `Records${what}`),
  )
}

function streamGraphs(scope: Construct, { records }: Parts): IWidget[] {
  return [
    graph('stream: behind (ms), batches given up', [iteratorAge(records), givenUp(records)]),
    graph('stream: records', [
      ...recordsOf(scope, append.service).slice(0, 2),
      ownMetric(scope, append.service, 'RecordsPoison'),
    ]),
  ]
}

function functionGraphs({ stages, records, maintenance }: Parts): IWidget[] {
  const functions = [...stages.map((stage) => stage.function), records.function]
  const all = [...functions, maintenance.function]
  return [
    graph(
      'functions: errors',
      all.map((one) => one.metricErrors()),
    ),
    graph(
      'functions: throttles',
      all.map((one) => one.metricThrottles()),
    ),
    graph(
      'functions: duration (ms)',
      all.map((one) => one.metricDuration()),
    ),
  ]
}

/** ACUs are paid for by the second, I/O by the request. */
function databaseGraphs(cluster: DatabaseCluster): IWidget[] {
  return [
    graph('database: ACUs, and % of the most', [
      cluster.metricServerlessDatabaseCapacity(),
      cluster.metricACUUtilization(),
    ]),
    graph('database: connections', [cluster.metricDatabaseConnections()]),
    graph('database: bytes, I/O', [
      cluster.metricVolumeBytesUsed(),
      cluster.metricVolumeReadIOPs({ statistic: 'Sum' }),
      cluster.metricVolumeWriteIOPs({ statistic: 'Sum' }),
    ]),
  ]
}

function graph(title: string, left: IMetric[]): IWidget {
  return new GraphWidget({ title, left, width: 8 })
}
