import * as z from 'zod'
import { shellWord } from '../shell-word.ts'

/** A deployed stack, as its outputs tell where everything is: no other name is known before. */
export interface DeployedStack {
  name: string
  /** Of CloudFormation, such as UPDATE_COMPLETE. */
  status: string
  /** `s3://bucket` */
  lake: string
  stream: { name: string; arn: string }
  /** `s3://bucket` where Lambda keeps the batches of the stream that it gave up. */
  failedBatches: string
  /** Those that take events of objects; raw-ingestion only where the stack has a database. */
  stages: DeployedStage[]
  /** Aurora, where it is asked by the RDS Data API: ARNs of the cluster and of its login. */
  database: { cluster: string; secret: string; name: string } | undefined
  /** The event source mapping by its UUID. */
  append: { function: string; mapping: string }
  maintenance: { function: string }
  setup: { function: string } | undefined
}

export interface DeployedStage {
  name: StageName
  /** URLs of its queues. */
  queue: string
  deadLetters: string
  function: string
  rule: string
}

export type StageName = 'raw-ingestion' | 'silver' | 'publish'

/** The stack is not there, or not so that anything could be found by it. */
export class NotDeployed extends Error {
  override name = 'NotDeployed'
  readonly found: string
  readonly cure: string

  constructor(found: string, cure: string, options?: ErrorOptions) {
    super(`${found}: ${cure}`, options)
    this.found = found
    this.cure = cure
  }
}

const url = z.string().regex(/^https?:\/\//)
const bucket = z.string().regex(/^s3:\/\/[^/]+$/)
const name = z.string().min(1)

const outputs = z.object({
  LakeUrl: bucket,
  StreamName: name,
  StreamArn: name,
  FailedBatches: bucket,
  SilverQueue: url,
  SilverDeadLetters: url,
  SilverFunction: name,
  SilverRule: name,
  PublishQueue: url,
  PublishDeadLetters: url,
  PublishFunction: name,
  PublishRule: name,
  AppendFunction: name,
  AppendMapping: name,
  MaintenanceFunction: name,
  SetupFunction: name.optional(),
})
/** Of a stack with a database. */
const ofDatabase = z.object({
  RawIngestionQueue: url,
  RawIngestionDeadLetters: url,
  RawIngestionFunction: name,
  RawIngestionRule: name,
})
/** Of one whose database is asked by the Data API. */
const ofDataApi = z.object({
  DatabaseClusterArn: name,
  DatabaseSecretArn: name,
  DatabaseName: name,
})

/**
 * Asks CloudFormation. Endpoint, region and credentials come from the environment, as everywhere in
 * AWS.
 *
 * @throws NotDeployed where the stack or one of its outputs is missing; a fault of AWS as it comes;
 *   Error where it answers nothing
 */
export async function readStack(stack: string): Promise<DeployedStack> {
  const { status, found } = await describe(stack)
  // Such as a proxy's page, which the SDK reads as an answer without anything in it.
  if (status === '') throw new Error(`what answers as CloudFormation tells no state of ${stack}`)
  return { name: stack, status, ...parseOutputs(stack, status, found) }
}

/** @throws NotDeployed naming each output that is missing */
export function parseOutputs(
  stack: string,
  status: string,
  found: Record<string, string>,
): Omit<DeployedStack, 'name' | 'status'> {
  const has = (prefix: string) => Object.keys(found).some((key) => key.startsWith(prefix))
  const [hasDatabase, hasDataApi] = [has('RawIngestion'), has('Database')]
  const parsed = outputs
    .extend(hasDatabase ? ofDatabase.shape : {})
    .extend(hasDataApi ? ofDataApi.shape : {})
    .safeParse(found)
  if (!parsed.success) throw incomplete(stack, status, parsed.error)
  const told = parsed.data
  const stage = (name: StageName, prefix: string): DeployedStage => ({
    name,
    queue: found[`${prefix}Queue`]!,
    deadLetters: found[`${prefix}DeadLetters`]!,
    function: found[`${prefix}Function`]!,
    rule: found[`${prefix}Rule`]!,
  })
  return {
    lake: told.LakeUrl,
    stream: { name: told.StreamName, arn: told.StreamArn },
    failedBatches: told.FailedBatches,
    stages: [
      ...(hasDatabase ? [stage('raw-ingestion', 'RawIngestion')] : []),
      stage('silver', 'Silver'),
      stage('publish', 'Publish'),
    ],
    database: hasDataApi
      ? {
          cluster: found.DatabaseClusterArn!,
          secret: found.DatabaseSecretArn!,
          name: found.DatabaseName!,
        }
      : undefined,
    append: { function: told.AppendFunction, mapping: told.AppendMapping },
    maintenance: { function: told.MaintenanceFunction },
    setup: told.SetupFunction === undefined ? undefined : { function: told.SetupFunction },
  }
}

/** Loaded at the first use, as core/store/s3-store does: most commands never ask for a stack. */
async function describe(stack: string) {
  const { CloudFormationClient, DescribeStacksCommand } = await import(
    '@aws-sdk/client-cloudformation'
  )
  const client = new CloudFormationClient()
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: stack }))
    const told = Stacks?.[0]
    const pairs = (told?.Outputs ?? []).map((one) => [one.OutputKey, one.OutputValue])
    return { status: told?.StackStatus ?? '', found: Object.fromEntries(pairs) }
  } catch (cause) {
    // CloudFormation has no error of its own for it.
    if (!(cause instanceof Error) || !/does not exist/.test(cause.message)) throw cause
    const where = await client.config.region()
    const cure =
      'check its name, region and account (aws cloudformation list-stacks), or deploy it: ' +
      'npx cdk deploy'
    throw new NotDeployed(`there is no stack ${stack} in ${where}`, cure, { cause })
  } finally {
    client.destroy()
  }
}

function incomplete(stack: string, status: string, error: z.ZodError): NotDeployed {
  const names = error.issues.map(({ path }) => path.join('.')).join(', ')
  const found = `stack ${stack} is ${status} and does not tell its outputs ${names}`
  return new NotDeployed(found, cureOfState(stack, status))
}

/**
 * What to do about a stack that is not as it was deployed. One whose making, or whose removal,
 * failed takes no update: it can only be deleted. One whose roll-back failed stands between two
 * versions until that has gone to its end.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html
 */
export function cureOfState(stack: string, status: string): string {
  if (status.endsWith('_IN_PROGRESS')) return 'wait for its end, and run this again'
  const [on, deploy] = [`--stack-name ${shellWord(stack)}`, 'npx cdk deploy']
  const why = `aws cloudformation describe-stack-events ${on} says why`
  if (/^(ROLLBACK_COMPLETE|ROLLBACK_FAILED|DELETE_FAILED)$/.test(status)) {
    return `${why}; cure it; it takes no update: aws cloudformation delete-stack ${on}; ${deploy}`
  }
  if (status === 'UPDATE_ROLLBACK_FAILED') {
    return `${why}; cure it; aws cloudformation continue-update-rollback ${on}; ${deploy}`
  }
  return /^(CREATE|UPDATE|IMPORT|DELETE)_COMPLETE$/.test(status)
    ? `deploy it again: ${deploy}`
    : `${why}; cure it; ${deploy}`
}
