import { expect, test } from 'vitest'
import {
  judgeDeadLetters,
  judgeQueue,
  judgeRule,
  type QueueFacts,
  type RuleFacts,
} from './check-events.ts'

const arn = 'arn:aws:sqs:eu-west-1:1:queue'
const dead = { arn: 'arn:aws:sqs:eu-west-1:1:dead' }
const wanted = { bucket: 'lake', prefixes: ['bronze/', 'streaming/'], queueArn: arn }
const rule: RuleFacts = {
  name: 'rule',
  state: 'ENABLED',
  passed: ['bronze/', 'streaming/'],
  passesMore: false,
  targets: ['arn:aws:sns:eu-west-1:1:other', arn],
}

test('a rule as it was deployed is well', () => {
  expect(judgeRule('publish', rule, wanted)).toMatchObject([{ level: 'ok', area: 'publish' }])
})

test.each<[string, Partial<RuleFacts>, string, RegExp, string]>([
  ['is disabled', { state: 'DISABLED' }, 'wrong', /DISABLED/, 'enable-rule --name rule'],
  ['misses a prefix', { passed: ['bronze/'] }, 'wrong', /streaming\/ of lake/, 'put-rule'],
  ['lets more through', { passesMore: true }, 'warning', /not the stage's/, 'put-rule'],
  ['does not send to the queue', { targets: [] }, 'wrong', /queue/, `Id=publish,Arn=${arn}`],
])('a rule that %s is told, with its cure', (_, changed, level, found, cure) => {
  const [one, ...more] = judgeRule('publish', { ...rule, ...changed }, wanted)
  expect(one).toMatchObject({ level, found: expect.stringMatching(found) })
  expect(one?.cure).toContain(cure)
  expect(more).toEqual([])
})

test("the cure of a pattern is the stage's own pattern", () => {
  const [found] = judgeRule('publish', { ...rule, passed: [] }, wanted)
  const pattern = /--event-pattern '(.+)'$/.exec(found?.cure ?? '')?.[1] ?? ''
  expect(JSON.parse(pattern)).toEqual({
    source: ['aws.s3'],
    'detail-type': ['Object Created'],
    detail: {
      bucket: { name: ['lake'] },
      object: { key: [{ prefix: 'bronze/' }, { prefix: 'streaming/' }] },
    },
  })
})

const allow = (Action: unknown, Principal: unknown, Effect = 'Allow') => {
  return JSON.stringify({ Statement: [{ Effect, Principal, Action, Resource: arn }] })
}
const bridge = { Service: 'events.amazonaws.com' }
const queue: QueueFacts = {
  url: 'https://sqs/queue',
  arn,
  waiting: 3,
  inFlight: 1,
  delayed: 0,
  policy: allow('sqs:SendMessage', bridge),
  redrive: JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 24 }),
}

test('a queue as it was deployed is well, whatever waits in it', () => {
  const found = '3 messages wait, 1 are in flight, 0 are delayed'
  expect(judgeQueue('silver', queue, dead)).toMatchObject([{ level: 'ok', found }])
})

test.each([
  undefined,
  'no JSON',
  JSON.stringify({ deadLetterTargetArn: 'arn:aws:sqs:eu-west-1:1:theirs', maxReceiveCount: '2' }),
])('a queue without its dead-letter queue is wrong: %s', (redrive) => {
  const [, found] = judgeQueue('silver', { ...queue, redrive }, dead)
  expect(found).toMatchObject({ level: 'wrong', check: 'dead letters' })
  const attributes = /--attributes '(.+)'$/.exec(found?.cure ?? '')?.[1] ?? ''
  expect(JSON.parse(JSON.parse(attributes).RedrivePolicy)).toEqual({
    deadLetterTargetArn: dead.arn,
    maxReceiveCount: '24',
  })
})

test.each<[string | undefined, boolean]>([
  [undefined, false],
  ['no JSON', false],
  [allow('sqs:SendMessage', { Service: 's3.amazonaws.com' }), false],
  [allow('sqs:SendMessage', bridge, 'Deny'), false],
  [allow('sqs:ReceiveMessage', bridge), false],
  [allow(['sqs:GetQueueUrl', 'sqs:SendMessage'], { Service: ['a', bridge.Service] }), true],
  [allow('SQS:*', '*'), true],
  [allow('sqs:SendMessage', { AWS: '*' }), true],
])('whether EventBridge may send is read from the policy: %s', (policy, may) => {
  const wrong = judgeQueue('silver', { ...queue, policy }, dead).filter(({ cure }) => cure)
  expect(wrong.length === 0).toBe(may)
})

test('dead letters are wrong wherever they are in their queue', () => {
  const none = { ...queue, waiting: 0, inFlight: 0 }
  expect(judgeDeadLetters('silver', 'sluice-dev', none).level).toBe('ok')
  for (const some of [{ waiting: 2 }, { inFlight: 2 }, { delayed: 2 }]) {
    const found = judgeDeadLetters('silver', 'sluice-dev', { ...none, ...some })
    expect(found).toMatchObject({ level: 'wrong', found: expect.stringMatching(/^2 messages/) })
    expect(found.cure).toContain('sluice redrive --stack sluice-dev --stage silver')
  }
})
