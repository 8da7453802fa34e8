import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { type BucketFacts, judgeBucket, judgeFailedBatches } from './check-bucket.ts'

const blocked = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
}
const well: BucketFacts = {
  bucket: 'lake',
  notifications: { EventBridgeConfiguration: {} },
  versioning: 'Enabled',
  publicAccess: blocked,
}
const others = {
  QueueConfigurations: [{ QueueArn: 'arn:aws:sqs:eu-west-1:1:theirs', Events: ['s3:*'] }],
  TopicConfigurations: [{ TopicArn: 'arn:aws:sns:eu-west-1:1:topic' }],
  LambdaFunctionConfigurations: [{ LambdaFunctionArn: "arn:aws:lambda:eu-west-1:1:it's" }],
}

const judged = (facts: Partial<BucketFacts>) => {
  return judgeBucket({ ...well, ...facts }).filter(({ level }) => level !== 'ok')
}

test('a bucket as it was deployed is well', () => {
  expect(judged({})).toEqual([])
  expect(judgeBucket(well)).toHaveLength(3)
})

test('without EventBridge it is wrong, and the cure keeps who else is notified', () => {
  const [found] = judged({ notifications: others })
  expect(found).toMatchObject({ area: 'bucket', check: 'notifications', level: 'wrong' })
  expect(found?.found).toMatch(/no event ever comes; notified are .*sns.*:topic, .*theirs, .*it's/)
  const put = found?.cure?.slice(0, found.cure.indexOf('; npx')) ?? ''
  // What a shell makes of the command.
  const words = execFileSync('bash', ['-c', `printf '%s\\n' ${put}`], { encoding: 'utf8' })
  const said = words.trimEnd().split('\n')
  expect(said.slice(0, 5).join(' ')).toBe(
    'aws s3api put-bucket-notification-configuration --bucket lake',
  )
  expect(JSON.parse(said.at(-1) ?? '')).toEqual({ ...others, EventBridgeConfiguration: {} })
})

test('others beside EventBridge are a warning that names them', () => {
  const [found] = judged({ notifications: { ...well.notifications, ...others } })
  expect(found).toMatchObject({ level: 'warning', check: 'notifications' })
  expect(found?.found).toContain('arn:aws:sqs:eu-west-1:1:theirs')
})

test.each([undefined, 'Suspended'])('versioning that is %s is wrong', (versioning) => {
  const [found] = judged({ versioning })
  expect(found).toMatchObject({ level: 'wrong', check: 'versioning' })
  expect(found?.cure).toContain('put-bucket-versioning --bucket lake')
})

test.each([
  [undefined, 'BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets'],
  [{ ...blocked, BlockPublicPolicy: false }, 'BlockPublicPolicy'],
])('public access that is not blocked is wrong: %j', (publicAccess, names) => {
  const [found] = judged({ publicAccess })
  expect(found).toMatchObject({ level: 'wrong', found: `not blocked: ${names}` })
})

test('batches that Lambda gave up are wrong until they are redriven', () => {
  expect(judgeFailedBatches('sluice-dev', 's3://f', 0).level).toBe('ok')
  const found = judgeFailedBatches('sluice-dev', 's3://f', 2)
  expect(found.level).toBe('wrong')
  expect(found.cure).toContain('sluice redrive --stack sluice-dev --stage append')
})
