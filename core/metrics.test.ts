import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { none, type Outcome } from './outcome.ts'

const outcome: Outcome = {
  ...{ stage: 'raw-ingestion', object: 'bronze/p/t.csv', dataset: 'p.t', status: 'loaded' },
  ...{ reason: undefined, records: 10, accepted: 7, rejected: 2, waiting: 1, seconds: 0.5 },
}
const batch = { shard: 's-0', position: '7', records: 9, accepted: 6, rejected: 3, poison: 1 }

const lambda = {
  AWS_LAMBDA_FUNCTION_NAME: 'f',
  POWERTOOLS_SERVICE_NAME: 'silver',
  SLUICE_STACK: 'sluice-dev',
}

/** What a process of its own prints when it tells this: the environment is read at its start. */
function printed(env: Record<string, string>, call: string, ...values: unknown[]) {
  const given = values.map((value) => JSON.stringify(value)).join(', ')
  const source = `import * as log from ${JSON.stringify(join(import.meta.dirname, 'log.ts'))}
    log.${call}(${given})`
  const clean = { PATH: process.env.PATH, ...env }
  const args = ['--input-type=module-typescript', '-e', source]
  const { stdout, stderr } = spawnSync(process.execPath, args, { env: clean, encoding: 'utf8' })
  const lines = `${stdout}${stderr}`.trim().split('\n')
  return lines.map((line) => JSON.parse(line))
}

/** The metrics of the one line that holds any, beside the one line of the log. */
function measured(env: Record<string, string>, call: string, ...values: unknown[]) {
  const lines = printed(env, call, ...values)
  const [emf, ...others] = lines.filter((line) => '_aws' in line)
  expect([lines.length, others]).toEqual([2, []])
  const [{ Namespace, Dimensions, Metrics }] = emf._aws.CloudWatchMetrics
  const names = (Metrics as { Name: string }[]).map(({ Name }) => Name)
  const found = Object.fromEntries(names.map((name) => [name, emf[name]]))
  return { Namespace, Dimensions, values: found, service: emf.service, stack: emf.stack }
}

const counts = { RecordsAccepted: 7, RecordsRejected: 2, RecordsWaiting: 1 }

test.each<[Partial<Outcome>, object]>([
  [{}, { ObjectsLoaded: 1, ...counts, ObjectSeconds: 0.5 }],
  // It tells its records again, and they were measured when they were loaded.
  [{ status: 'unchanged' }, { ObjectsUnchanged: 1, ObjectSeconds: 0.5 }],
  [
    { status: 'refused', ...none },
    { ObjectsRefused: 1, ObjectSeconds: 0.5 },
  ],
  [
    { status: 'held', ...none },
    { ObjectsHeld: 1, ObjectSeconds: 0.5 },
  ],
  [
    { status: 'failed', ...none },
    { ObjectsFailed: 1, ObjectSeconds: 0.5 },
  ],
  [
    { stage: 'streaming', status: 'published' },
    { ObjectsPublished: 1, ObjectSeconds: 0.5 },
  ],
  // Its records came batch by batch, and were measured so.
  [{ stage: 'streaming' }, { ObjectsLoaded: 1 }],
])('the end of an object is logged and measured: %j', (changed, values) => {
  expect(measured(lambda, 'logOutcome', { ...outcome, ...changed })).toEqual({
    ...{ Namespace: 'Sluice', Dimensions: [['service', 'stack']], values },
    ...{ service: 'silver', stack: 'sluice-dev' },
  })
})

const records = { Records: 9, RecordsAccepted: 6, RecordsRejected: 3, RecordsPoison: 1 }

test.each<[string, unknown[], object]>([
  ['logBatch', [batch], { ...records, BatchesFailed: 0 }],
  ['logBatch', [batch, { message: 'away' }], { ...records, BatchesFailed: 1 }],
  ['logJob', ['tick', { finished: 2 }], { JobsTick: 1 }],
])('%s of %j measures too', (call, values, expected) => {
  expect(measured(lambda, call, ...values).values).toEqual(expected)
})

test('the namespace can be another, and a function without a stack has no such dimension', () => {
  const env = { AWS_LAMBDA_FUNCTION_NAME: 'f', POWERTOOLS_METRICS_NAMESPACE: 'Other' }
  const { Namespace, Dimensions, service } = measured(env, 'logJob', 'tick', {})
  expect([Namespace, Dimensions, service]).toEqual(['Other', [['service']], 'sluice'])
})

test('outside Lambda there is the line of the log alone', () => {
  const wanted = { level: 'WARN', outcome: { object: 'bronze/p/t.csv' } }
  expect(printed({}, 'logOutcome', outcome)).toMatchObject([wanted])
  expect(printed({}, 'logBatch', batch)).toMatchObject([{ level: 'WARN' }])
})

test('a line of the log says which function it is of', () => {
  const [, logged] = printed(lambda, 'logOutcome', outcome)
  expect(logged).toMatchObject({ service: 'silver' })
})
