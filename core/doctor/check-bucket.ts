import { type Finding, findingsOf } from '../finding.ts'
import { shellWord } from '../shell-word.ts'

/** What S3 says of the lake's bucket. */
export interface BucketFacts {
  bucket: string
  /** The whole notification configuration, as S3 gives and takes it. */
  notifications: Notifications
  versioning: string | undefined
  /** The four switches; undefined where none was ever set. */
  publicAccess: Record<string, boolean | undefined> | undefined
}

export interface Notifications {
  EventBridgeConfiguration?: object | undefined
  TopicConfigurations?: Target[] | undefined
  QueueConfigurations?: Target[] | undefined
  LambdaFunctionConfigurations?: Target[] | undefined
}

interface Target {
  TopicArn?: string | undefined
  QueueArn?: string | undefined
  LambdaFunctionArn?: string | undefined
}

const switches = [
  'BlockPublicAcls',
  'IgnorePublicAcls',
  'BlockPublicPolicy',
  'RestrictPublicBuckets',
] as const

export function judgeBucket(facts: BucketFacts): Finding[] {
  return [...judgeNotifications(facts), judgeVersioning(facts), judgePublicAccess(facts)]
}

/**
 * A bucket has one notification configuration, and who puts another replaces it whole: so a tool
 * that adds a queue of its own takes EventBridge away, and no event comes any more. `cdk deploy`
 * does not see it, as the template stays the same.
 */
function judgeNotifications({ bucket, notifications }: BucketFacts): Finding[] {
  const say = findingsOf('bucket')
  const others = [
    ...(notifications.TopicConfigurations ?? []).map((one) => one.TopicArn),
    ...(notifications.QueueConfigurations ?? []).map((one) => one.QueueArn),
    ...(notifications.LambdaFunctionConfigurations ?? []).map((one) => one.LambdaFunctionArn),
  ]
  const told = others.length > 0 ? `; notified are ${others.join(', ')}` : ''
  if (!notifications.EventBridgeConfiguration) {
    const whole = { ...notifications, EventBridgeConfiguration: {} }
    const cure =
      `aws s3api put-bucket-notification-configuration --bucket ${bucket} ` +
      `--notification-configuration ${shellWord(JSON.stringify(whole))}; ` +
      'npx cdk deploy puts it back only where its template changes. Then bring in what came ' +
      `meanwhile: sluice start --once --lake s3://${bucket}`
    return [say.wrong('notifications', `EventBridge is off: no event ever comes${told}`, cure)]
  }
  if (others.length === 0) return [say.ok('notifications', `EventBridge is on for ${bucket}`)]
  const cure = 'nothing of Sluice needs them; whoever put them there can take EventBridge away'
  return [say.warning('notifications', `EventBridge is on${told}, too`, cure)]
}

function judgeVersioning({ bucket, versioning }: BucketFacts): Finding {
  const say = findingsOf('bucket')
  if (versioning === 'Enabled') return say.ok('versioning', 'on')
  const cure =
    `aws s3api put-bucket-versioning --bucket ${bucket} ` +
    '--versioning-configuration Status=Enabled'
  const found = `${versioning ?? 'off'}: an object that is overwritten while it is read is lost`
  return say.wrong('versioning', found, cure)
}

function judgePublicAccess({ bucket, publicAccess }: BucketFacts): Finding {
  const say = findingsOf('bucket')
  const open = switches.filter((name) => publicAccess?.[name] !== true)
  if (open.length === 0) return say.ok('public access', 'blocked')
  const all = switches.map((name) => `${name}=true`).join(',')
  const cure =
    `aws s3api put-public-access-block --bucket ${bucket} ` +
    `--public-access-block-configuration ${all}`
  return say.wrong('public access', `not blocked: ${open.join(', ')}`, cure)
}

/** @param count of objects, of which no more than some are counted */
export function judgeFailedBatches(stack: string, url: string, count: number): Finding {
  const say = findingsOf('append')
  if (count === 0) return say.ok('failed batches', `none in ${url}`)
  const found = `${count} batches in ${url}, given up by Lambda, are not in the lake`
  return say.wrong('failed batches', found, redrive(stack, 'append'))
}

export function redrive(stack: string, stage: string): string {
  const command = `sluice redrive --stack ${shellWord(stack)} --stage ${stage}`
  return `${command}, once the cause is cured (the function's log has it)`
}
