import * as z from 'zod'
import { type Finding, findingsOf } from '../finding.ts'
import { shellWord } from '../shell-word.ts'
import { redrive } from './check-bucket.ts'

/** What is known of a stage's rule and queue, and what is wrong with it. */

export interface RuleFacts {
  name: string
  state: string | undefined
  /** Prefixes of the stage whose objects' events it lets through. */
  passed: string[]
  /** Whether it lets through what functions write themselves, or another bucket's. */
  passesMore: boolean
  /** ARNs of its targets. */
  targets: string[]
}

/** What the rule of a stage should be. */
export interface RuleWanted {
  bucket: string
  prefixes: string[]
  queueArn: string
}

export function judgeRule(area: string, facts: RuleFacts, wanted: RuleWanted): Finding[] {
  const say = findingsOf(area)
  const wrong: Finding[] = []
  const rule = shellWord(facts.name)
  if (facts.state !== 'ENABLED') {
    const cure = `aws events enable-rule --name ${rule}`
    wrong.push(say.wrong('rule', `${facts.name} is ${facts.state}: no event comes`, cure))
  }
  const missed = wanted.prefixes.filter((prefix) => !facts.passed.includes(prefix))
  const pattern = shellWord(JSON.stringify(patternOf(wanted)))
  const cure = `aws events put-rule --name ${rule} --event-pattern ${pattern}`
  if (missed.length > 0) {
    const found = `${facts.name} does not let through ${missed.join(', ')} of ${wanted.bucket}`
    wrong.push(say.wrong('rule', found, cure))
  } else if (facts.passesMore) {
    wrong.push(say.warning('rule', `${facts.name} lets through what is not the stage's`, cure))
  }
  if (!facts.targets.includes(wanted.queueArn)) {
    const put = `aws events put-targets --rule ${rule} --targets Id=${area},Arn=${wanted.queueArn}`
    wrong.push(say.wrong('rule', `${facts.name} does not send to ${wanted.queueArn}`, put))
  }
  if (wrong.length > 0) return wrong
  return [say.ok('rule', `${facts.name} sends ${wanted.prefixes.join(', ')} to its queue`)]
}

function patternOf({ bucket, prefixes }: RuleWanted): object {
  const key = prefixes.map((prefix) => ({ prefix }))
  const detail = { bucket: { name: [bucket] }, object: { key } }
  return { source: ['aws.s3'], 'detail-type': ['Object Created'], detail }
}

export interface QueueFacts {
  url: string
  arn: string
  waiting: number
  inFlight: number
  delayed: number
  /** JSON, as SQS has it. */
  policy: string | undefined
  redrive: string | undefined
}

const redrivePolicy = z.object({
  deadLetterTargetArn: z.string(),
  maxReceiveCount: z.coerce.number(),
})
const statement = z.object({
  Effect: z.string(),
  Principal: z.unknown(),
  Action: z.unknown(),
})
const queuePolicy = z.object({ Statement: z.array(statement) })

/** @param receives how often a message should be tried, where the policy must be set anew */
export function judgeQueue(
  area: string,
  facts: QueueFacts,
  dead: { arn: string },
  receives = 24,
): Finding[] {
  const say = findingsOf(area)
  const { url, waiting, inFlight, delayed } = facts
  const depth = `${waiting} messages wait, ${inFlight} are in flight, ${delayed} are delayed`
  const findings = [say.ok('queue', depth)]
  const policy = redrivePolicy.safeParse(jsonOf(facts.redrive)).data
  if (policy?.deadLetterTargetArn !== dead.arn) {
    const wanted = { deadLetterTargetArn: dead.arn, maxReceiveCount: String(receives) }
    const attributes = { RedrivePolicy: JSON.stringify(wanted) }
    const cure = setAttributes(url, attributes)
    const found = policy ? `${policy.deadLetterTargetArn}, not ${dead.arn}` : 'none'
    findings.push(say.wrong('dead letters', `the queue's dead-letter queue is ${found}`, cure))
  }
  if (!mayBeSentTo(facts.policy)) {
    const found = 'its policy does not let EventBridge send: its events go to the dead letters'
    const cure =
      'put the Allow of sqs:SendMessage for events.amazonaws.com back into its policy: ' +
      'npx cdk deploy where the template changed, else by `aws sqs set-queue-attributes`'
    findings.push(say.wrong('queue', found, cure))
  }
  return findings
}

function setAttributes(url: string, attributes: object): string {
  const json = shellWord(JSON.stringify(attributes))
  return `aws sqs set-queue-attributes --queue-url ${url} --attributes ${json}`
}

function mayBeSentTo(policy: string | undefined): boolean {
  const all = queuePolicy.safeParse(jsonOf(policy)).data?.Statement ?? []
  return all.some(({ Effect, Principal, Action }) => {
    const who = JSON.stringify(Principal) ?? ''
    const what = JSON.stringify(Action) ?? ''
    const isBridge = who === '"*"' || /"events\.amazonaws\.com"|"AWS":"\*"/.test(who)
    return Effect === 'Allow' && isBridge && /"(sqs:(SendMessage|\*)|\*)"/i.test(what)
  })
}

function jsonOf(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

export function judgeDeadLetters(area: string, stack: string, facts: QueueFacts): Finding {
  const say = findingsOf(area)
  const count = facts.waiting + facts.inFlight + facts.delayed
  if (count === 0) return say.ok('dead letters', 'none')
  const found = `${count} messages failed for good; they are kept for 14 days`
  return say.wrong('dead letters', found, redrive(stack, area))
}
