import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CustomResource, Duration, RemovalPolicy, Validations } from 'aws-cdk-lib'
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import { Provider } from 'aws-cdk-lib/custom-resources'
import { Construct } from 'constructs'
import { bundleFor } from './bundles.ts'
import { allowList, makeFunction } from './function.ts'
import { tell } from './outputs.ts'
import type { Settings } from './settings.ts'
import { keep, setup } from './shape.ts'
import { allowDatabase, type Warehouse } from './warehouse.ts'

/**
 * What a deployment does once, and again where it has changed: the ledger's tables, setup.sql, and
 * the contracts of data/ into the lake.
 */
export class SetUp extends Construct {
  readonly resource: CustomResource

  constructor(
    scope: Construct,
    settings: Settings,
    lake: Bucket,
    warehouse: Warehouse | undefined,
  ) {
    super(scope, 'Setup')
    const { environment, network } = warehouse ?? {}
    const made = makeFunction(this, '', { shape: setup, settings, lake, environment, network })
    if (warehouse) allowDatabase(made, warehouse)
    allowContracts(made.role as Role, lake)
    const provider = new Provider(this, 'Provider', {
      onEventHandler: made,
      logGroup: new LogGroup(this, 'ProviderLog', {
        retention: keep.logs,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
    })
    this.resource = new CustomResource(this, 'Resource', {
      serviceToken: provider.serviceToken,
      resourceType: 'Custom::SluiceSetup',
      // It is called where one of these is another: content, lake or database.
      properties: {
        content: hashOf(bundleFor(setup.bundle, settings.architecture)),
        lake: lake.bucketName,
        database: warehouse?.identity ?? '',
      },
      serviceTimeout: Duration.seconds(2 * setup.limits.timeout),
    })
    if (warehouse) this.resource.node.addDependency(...warehouse.parts)
    acknowledgeFramework(provider, made)
    tell(this, { SetupFunction: made.functionName })
  }
}

/** Descriptors, and nothing else. */
function allowContracts(role: Role, lake: Bucket): void {
  const keys = setup.roots.flatMap((root) => setup.descriptors.map((name) => `${root}*/${name}`))
  role.addToPolicy(
    new PolicyStatement({
      actions: ['s3:GetObject', 's3:PutObject'],
      resources: keys.map((key) => lake.arnForObjects(key)),
    }),
  )
  allowList(role, lake)
  const name = role.stack.getLogicalId(lake.node.defaultChild as never)
  const findings = keys.map((key) => ({
    id: `AwsSolutions-IAM5[Resource::<${name}.Arn>/${key}]`,
    reason: 'A package is any folder; what may be written there is its descriptor alone.',
  }))
  Validations.of(role).acknowledge(...findings)
}

/** Of the bundle, by its files' names and contents. */
function hashOf(folder: string): string {
  const hash = createHash('sha256')
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
  for (const path of names) hash.update(path.slice(folder.length)).update(readFileSync(path))
  return hash.digest('hex')
}

/** Its function and role are the CDK's own; only what they are given is ours. */
function acknowledgeFramework(provider: Provider, made: LambdaFunction): void {
  const arn = `<${made.stack.getLogicalId(made.node.defaultChild as never)}.Arn>`
  const basic = 'arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'
  Validations.of(provider).acknowledge(
    {
      id: `AwsSolutions-IAM4[Policy::${basic}]`,
      reason: "The CDK's framework for custom resources writes its log by AWS' own policy for it.",
    },
    {
      id: `AwsSolutions-IAM5[Resource::${arn}:*]`,
      reason: 'It invokes the set-up function, whichever version of it stands.',
    },
    { id: 'Serverless-LambdaDLQ', reason: 'CloudFormation calls it, and is told how it ended.' },
    {
      id: 'Serverless-LambdaDefaultMemorySize',
      reason: 'It passes a request on: 128 MB are much.',
    },
    { id: 'Serverless-LambdaTracing', reason: 'It runs at a deployment alone, and logs.' },
  )
}
