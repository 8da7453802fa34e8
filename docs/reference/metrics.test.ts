import { afterEach, expect, it, vi } from 'vitest'
import type { Outcome } from '../../core/outcome.ts'
import { TestStack } from '../../infra/stack.fixture.ts'
import { tablesOf } from '../tables.fixture.ts'

/** docs/reference/metrics.md against what is measured, and the alarms of the stack. */

/** Where its bundles have to be made first, it takes more time than a test has. */
const stack = new TestStack({ database: 'aurora' })
const tables = tablesOf('docs/reference/metrics.md')
const outcome: Outcome = {
  ...{ stage: 'raw-ingestion', object: 'bronze/p/t.csv', dataset: 'p.t', status: 'loaded' },
  ...{ reason: undefined, records: 1, accepted: 1, rejected: 0, waiting: 0, seconds: 0.5 },
}
const batch = { shard: 's-0', position: '7', records: 9, accepted: 6, rejected: 3, poison: 1 }
const ends = ['loaded', 'published', 'unchanged', 'refused', 'held', 'failed'] as const

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

it('has every metric, with its unit', async () => {
  // As on Lambda: elsewhere nothing is measured, which the module sees when it is loaded.
  const lambda = { AWS_LAMBDA_FUNCTION_NAME: 'f', POWERTOOLS_DEV: 'true' }
  const env = { ...lambda, POWERTOOLS_METRICS_DISABLED: 'false' }
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const metrics = await import('../../core/metrics.ts')
  const units = new Map<string, string>()
  const told = vi.spyOn(console, 'log').mockImplementation((line: string) => {
    for (const { Name, Unit } of JSON.parse(line)._aws.CloudWatchMetrics[0].Metrics) {
      units.set(Name, Unit)
    }
  })
  for (const status of ends) metrics.measureOutcome({ ...outcome, status })
  metrics.measureBatch(batch)
  metrics.measureFault()
  for (const job of ['tick', 'compact', 'vacuum']) metrics.measureJob(job)
  expect(told).toHaveBeenCalled()
  const rows = tables.get('Metrics')!.map(({ metric, unit }) => [metric, unit])
  expect(rows.toSorted()).toEqual([...units].toSorted())
})

it('has every alarm, with its threshold, its time and its page of the runbook', () => {
  const rows = tables.get('Alarms')!.flatMap((row) => {
    const ids = row.alarm!.split(/`?, `?/)
    const page = /#([a-z-]+)\)/.exec(row.runbook!)?.[1]
    return ids.map((id) => ({ id, threshold: Number(row.above), time: row.for, page }))
  })
  expect(rows.toSorted(byId)).toEqual(alarmsOf().toSorted(byId))
})

function alarmsOf() {
  return Object.entries(stack.all('AWS::CloudWatch::Alarm')).map(([name, { Properties }]) => ({
    id: name.replace(/^Alarms/, '').replace(/[0-9A-F]{8}$/, ''),
    threshold: Properties.Threshold,
    time: timeOf(Properties),
    page: /#([a-z-]+)$/.exec(String(Properties.AlarmDescription))?.[1],
  }))
}

function timeOf(alarm: Record<string, unknown>): string {
  const metrics = (alarm.Metrics ?? []) as { Period?: number; MetricStat?: { Period: number } }[]
  const seconds = alarm.Period ?? metrics.flatMap((m) => m.Period ?? m.MetricStat?.Period ?? [])[0]
  return `${alarm.DatapointsToAlarm} of ${alarm.EvaluationPeriods} × ${Number(seconds) / 60} min`
}

function byId({ id: one }: { id: string }, { id: other }: { id: string }): number {
  return one < other ? -1 : 1
}
