import { expect, test } from 'vitest'
import { cureOfState, NotDeployed, parseOutputs } from './deployed.ts'

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

const database = {
  DatabaseClusterArn: 'arn:aws:rds:eu-west-1:123456789012:cluster:sluice',
  DatabaseSecretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:sluice-AbCdEf',
  DatabaseName: 'sluice',
}

test('an Aurora with the Data API is found by three outputs, of which none may miss', () => {
  const all = { ...rest, ...stage('RawIngestion') }
  const { DatabaseSecretArn, ...some } = database
  expect(parse({ ...all, ...database }).database).toEqual({
    cluster: database.DatabaseClusterArn,
    secret: DatabaseSecretArn,
    name: 'sluice',
  })
  expect(() => parse({ ...all, ...some })).toThrow(/does not tell its outputs DatabaseSecretArn:/)
  expect(parse(all).database).toBeUndefined()
})

test('outputs that are missing are named, with the state of the stack', () => {
  const { StreamArn, ...some } = rest
  for (const outputs of [some, { ...rest, RawIngestionQueue: 'https://sqs/q' }]) {
    expect(() => parse(outputs)).toThrow(NotDeployed)
  }
  expect(() => parse(some)).toThrow(/UPDATE_COMPLETE and does not tell its outputs StreamArn: dep/)
  expect(() => parse({})).toThrow(/LakeUrl, StreamName/)
})

test.each([
  ['CREATE_IN_PROGRESS', /^wait/],
  ['UPDATE_COMPLETE', /^deploy it again: npx cdk deploy$/],
  ['UPDATE_FAILED', /describe-stack-events .*; npx cdk deploy$/],
  ['UPDATE_ROLLBACK_COMPLETE', /describe-stack-events .*; npx cdk deploy$/],
  ['UPDATE_ROLLBACK_FAILED', /continue-update-rollback --stack-name 'a b'; npx cdk deploy$/],
  ['ROLLBACK_COMPLETE', /takes no update: .* delete-stack --stack-name 'a b'; npx cdk deploy$/],
  ['ROLLBACK_FAILED', /delete-stack --stack-name 'a b'; npx cdk deploy$/],
  ['DELETE_FAILED', /delete-stack --stack-name 'a b'; npx cdk deploy$/],
])('of a stack that is %s the cure is %s', (status, cure) => {
  expect(cureOfState('a b', status)).toMatch(cure)
  // The making of a stack that failed leaves no outputs.
  const failed = () => parseOutputs('a b', status, {})
  expect(failed).toThrow(cureOfState('a b', status))
})
