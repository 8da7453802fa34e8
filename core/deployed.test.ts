import { expect, test } from 'vitest'
import { NotDeployed, parseOutputs } from './deployed.ts'

const stage = (name: string) => ({
  [`${name}Queue`]: `https://sqs/${name}`,
  [`${name}DeadLetters`]: `https://sqs/${name}-dead`,
  [`${name}Function`]: `${name}-function`,
  [`${name}Rule`]: `${name}-rule`,
})
const rest = {
  LakeUrl: 's3://lake',
  StreamName: 'stream',
  StreamArn: 'arn:aws:kinesis:eu-west-1:1:stream/stream',
  FailedBatches: 's3://failed',
  AppendFunction: 'append',
  AppendMapping: 'uuid',
  MaintenanceFunction: 'maintenance',
  SetupFunction: 'setup',
  ...stage('Silver'),
  ...stage('Publish'),
}
const parse = (outputs: Record<string, string>) => {
  return parseOutputs('sluice-dev', 'UPDATE_COMPLETE', outputs)
}

test('a stack is found by its outputs', () => {
  const found = parse({ ...rest, ...stage('RawIngestion'), Other: 'x' })
  expect(found.lake).toBe('s3://lake')
  expect(found.stages).toEqual(
    [
      ['raw-ingestion', 'RawIngestion'],
      ['silver', 'Silver'],
      ['publish', 'Publish'],
    ].map(([name, id]) => ({
      name,
      queue: `https://sqs/${id}`,
      deadLetters: `https://sqs/${id}-dead`,
      function: `${id}-function`,
      rule: `${id}-rule`,
    })),
  )
})

test('a stack without a database has no raw-ingestion', () => {
  expect(parse(rest).stages.map(({ name }) => name)).toEqual(['silver', 'publish'])
})

test('outputs that are missing are named, with the state of the stack', () => {
  const { StreamArn, ...some } = rest
  for (const outputs of [some, { ...rest, RawIngestionQueue: 'https://sqs/q' }]) {
    expect(() => parse(outputs)).toThrow(NotDeployed)
  }
  expect(() => parse(some)).toThrow(/UPDATE_COMPLETE and does not tell its outputs StreamArn: wait/)
  expect(() => parse({})).toThrow(/LakeUrl, StreamName/)
})
