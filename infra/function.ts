import { Duration, Size, Stack, Validations } from 'aws-cdk-lib'
import type { ISecurityGroup, ISubnet, IVpc } from 'aws-cdk-lib/aws-ec2'
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { bundleFor } from './bundles.ts'
import { removalOf } from './lake.ts'
import type { Settings } from './settings.ts'
import { type Access, type FunctionShape, keep } from './shape.ts'

export interface FunctionProps {
  shape: FunctionShape
  settings: Settings
  lake: Bucket
  /** What it is told beside its lake. */
  environment?: Record<string, string> | undefined
  network?: Network | undefined
}

/** Where a function must be to reach a private database. */
export interface Network {
  vpc: IVpc
  subnets: ISubnet[]
  securityGroup: ISecurityGroup
}

/** A function with a role of its own, which may write its own log and nothing else yet. */
export function makeFunction(scope: Construct, id: string, props: FunctionProps): LambdaFunction {
  const { shape, settings, lake, environment, network } = props
  const { service, bundle, handler, limits } = shape
  const logGroup = new LogGroup(scope, `${id}Log`, {
    retention: keep.logs,
    removalPolicy: removalOf(settings.removal),
  })
  const role = new Role(scope, `${id}Role`, {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
  })
  logGroup.grantWrite(role)
  if (network) allowInterfaces(role)
  const made = new LambdaFunction(scope, `${id}Function`, {
    runtime: Runtime.NODEJS_24_X,
    architecture: settings.architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64,
    handler,
    code: Code.fromAsset(bundleFor(bundle, settings.architecture)),
    role,
    logGroup,
    memorySize: limits.memory,
    ephemeralStorageSize: Size.mebibytes(limits.disk),
    timeout: Duration.seconds(limits.timeout),
    environment: {
      POWERTOOLS_SERVICE_NAME: service,
      POWERTOOLS_METRICS_NAMESPACE: 'Sluice',
      SLUICE_STACK: Stack.of(scope).stackName,
      LAKE_URL: `s3://${lake.bucketName}`,
      SLUICE_MEMORY: `${limits.duckMemory}MB`,
      SLUICE_THREADS: String(limits.threads),
      ...environment,
    },
    ...(network && {
      vpc: network.vpc,
      vpcSubnets: { subnets: network.subnets },
      securityGroups: [network.securityGroup],
    }),
  })
  Validations.of(made).acknowledge(
    {
      id: 'Serverless-LambdaTracing',
      reason:
        'Every log line carries object, version and request id, which is how an object is ' +
        'followed; X-Ray would be paid for and needs a permission on all resources.',
    },
    {
      id: 'Serverless-LambdaDLQ',
      reason:
        'It is invoked by event source mappings, whose queues and failed batches keep what ' +
        'fails, or by a schedule, whose next run does the work.',
    },
  )
  return made
}

/**
 * Lambda's own calls for its network interfaces. Describe has no resource level, and the interfaces
 * have no name before they are made:
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
 */
function allowInterfaces(role: Role): void {
  role.addToPolicy(
    new PolicyStatement({
      actions: [
        'ec2:CreateNetworkInterface',
        'ec2:DescribeNetworkInterfaces',
        'ec2:DescribeSubnets',
        'ec2:DeleteNetworkInterface',
        'ec2:AssignPrivateIpAddresses',
        'ec2:UnassignPrivateIpAddresses',
      ],
      resources: ['*'],
    }),
  )
  Validations.of(role).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: 'AWS has no other form of the permission that puts a function into a VPC.',
  })
}

/** What a function may do in the lake: its own prefixes, and no more. */
export function allowLake(made: LambdaFunction, lake: Bucket, access: Access): void {
  const role = made.role as Role
  const allow = (actions: string[], keys: string[]) => {
    if (keys.length === 0) return
    const resources = keys.map((key) => lake.arnForObjects(key))
    role.addToPolicy(new PolicyStatement({ actions, resources }))
  }
  const { reads, pins, writes, uploads = [], puts = [], deletes = [] } = access
  allowList(role, lake)
  allow(['s3:GetObject'], below(reads))
  allow(['s3:GetObjectVersion'], below(pins))
  allow(['s3:PutObject'], [...below(writes), ...puts])
  const files = [...writes.filter((prefix) => pins.includes(prefix)), ...uploads]
  allow(['s3:AbortMultipartUpload'], below(files))
  allow(['s3:DeleteObject'], deletes)
  // Whatever is added to it later: what came in is never deleted by a function.
  role.addToPolicy(
    new PolicyStatement({
      effect: Effect.DENY,
      actions: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
      resources: [lake.arnForObjects('bronze/*'), lake.arnForObjects('streaming/*')],
    }),
  )
  const named = [...below([...reads, ...writes, 'bronze/', 'streaming/']), ...puts, ...deletes]
  acknowledgePatterns(role, lake, [...new Set(named)])
}

/**
 * Whole, not by prefix: without it S3 answers 403 for a key that is missing, and a look at a key
 * has no prefix that a condition could compare. It shows keys, and no content.
 */
export function allowList(role: Role, { bucketArn }: Bucket): void {
  role.addToPolicy(new PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucketArn] }))
}

export function acknowledgeKeys(role: Role, lake: Bucket, prefixes: string[]): void {
  acknowledgePatterns(role, lake, below(prefixes))
}

function below(prefixes: string[]): string[] {
  return prefixes.map((prefix) => `${prefix}*`)
}

function acknowledgePatterns(role: Role, lake: Bucket, keys: string[]): void {
  const name = role.stack.getLogicalId(lake.node.defaultChild as never)
  const findings = keys.map((key) => ({
    id: `AwsSolutions-IAM5[Resource::<${name}.Arn>/${key}]`,
    reason: 'Keys of objects are not known before they are put; the pattern bounds them.',
  }))
  Validations.of(role).acknowledge(...findings)
}
