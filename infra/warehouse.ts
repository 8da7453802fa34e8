import { CfnParameter, type Stack, Validations } from 'aws-cdk-lib'
import { SecurityGroup, Subnet, Vpc } from 'aws-cdk-lib/aws-ec2'
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager'
import type { IDependable } from 'constructs'
import { Aurora } from './aurora.ts'
import type { Network } from './function.ts'
import { makeImportRole } from './import-role.ts'
import { tell } from './outputs.ts'
import type { Settings } from './settings.ts'

/** The database that is loaded into: where its login is kept, and how it is reached. */
export interface Warehouse {
  /** One that is another by this has to be set up. */
  identity: string
  secret: ISecret
  environment: Record<string, string>
  network?: Network | undefined
  /** ARN of the cluster that is asked by the Data API, and fetches rows from the lake. */
  cluster?: string
  /** What the stack makes of it. */
  made?: Aurora
  /** What must be there before it is set up. */
  parts: IDependable[]
}

/** @returns undefined where the stack has none: `-c database=none` */
export function findWarehouse(
  scope: Stack,
  settings: Settings,
  lake: Bucket,
): Warehouse | undefined {
  if (settings.database === 'none') return undefined
  return settings.database === 'url' ? byUrl(scope, settings) : byDataApi(scope, settings, lake)
}

function byUrl(scope: Stack, settings: Settings): Warehouse {
  const arn = settings.databaseSecret ?? secretParameter(scope)
  return {
    identity: arn,
    secret: findSecret(scope, arn, settings),
    environment: {
      DATABASE_SECRET_ARN: arn,
      // One object at a time needs one connection, and settling another.
      SLUICE_CONNECTIONS: '2',
      // Where Lambda has the certificates of RDS; Node reads it at its start:
      // https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
      NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem',
    },
    network: findNetwork(scope, settings),
    parts: [],
  }
}

/** Of an Aurora that exists, its owner associates the role, whose ARN is told. */
function byDataApi(scope: Stack, settings: Settings, lake: Bucket): Warehouse {
  const { cluster, databaseSecret, databaseName, dataApiEndpoint } = settings
  const role = makeImportRole(scope, lake)
  const made = cluster ? undefined : new Aurora(scope, settings, lake, role)
  const arn = cluster ?? made?.arn ?? ''
  const secret = made?.cluster.secret ?? findSecret(scope, databaseSecret ?? '', settings)
  const { secretArn } = secret
  tell(scope, {
    ...{ DatabaseClusterArn: arn, DatabaseSecretArn: secretArn, DatabaseName: databaseName },
    DatabaseImportRole: role.roleArn,
  })
  return {
    identity: `${arn}/${databaseName}`,
    secret,
    environment: {
      DATABASE_CLUSTER_ARN: arn,
      DATABASE_SECRET_ARN: secretArn,
      DATABASE_NAME: databaseName,
      ...(dataApiEndpoint && { AWS_ENDPOINT_URL_RDS_DATA: dataApiEndpoint }),
    },
    cluster: arn,
    ...(made && { made }),
    parts: made?.parts ?? [role],
  }
}

function findSecret(scope: Stack, arn: string, { databaseKey }: Settings): ISecret {
  return Secret.fromSecretAttributes(scope, 'DatabaseLogin', {
    secretCompleteArn: arn,
    ...(databaseKey && { encryptionKey: Key.fromKeyArn(scope, 'DatabaseKey', databaseKey) }),
  })
}

/** Asked for at deployment, so that `cdk synth` and its template need no account's ARN. */
function secretParameter(scope: Stack): string {
  Validations.of(scope).acknowledge({
    id: 'CloudFormation-Validate::W2509',
    reason: 'The parameter is the ARN of a secret, which is no secret itself.',
  })
  return new CfnParameter(scope, 'DatabaseSecret', {
    type: 'String',
    description:
      'ARN of the secret with the URL of Postgres (postgres://user:password@host:port/database)',
    allowedPattern: '^arn:[^:]+:secretsmanager:[^:]+:[0-9]+:secret:.+-[A-Za-z0-9]{6}$',
    constraintDescription: 'the whole ARN of a secret is allowed; see docs/operations.md, Deploy',
  }).valueAsString
}

function findNetwork(scope: Stack, { vpc }: Settings): Network | undefined {
  if (!vpc) return undefined
  const { id, subnets, availabilityZones, securityGroup } = vpc
  Validations.of(scope).acknowledge({
    id: 'Annotation::@aws-cdk/aws-ec2:noSubnetRouteTableId',
    reason: 'The subnets are those of the database, and nothing is routed by this stack.',
  })
  return {
    vpc: Vpc.fromVpcAttributes(scope, 'Vpc', { vpcId: id, availabilityZones }),
    subnets: subnets.map((subnet) => Subnet.fromSubnetId(scope, subnet, subnet)),
    securityGroup: SecurityGroup.fromSecurityGroupId(scope, 'SecurityGroup', securityGroup, {
      mutable: false,
    }),
  }
}

/** What the Data API is asked for here; a batch of statements never. */
const dataApi = [
  'rds-data:ExecuteStatement',
  'rds-data:BeginTransaction',
  'rds-data:CommitTransaction',
  'rds-data:RollbackTransaction',
]

/**
 * Its own database, and no other. The Data API reads the secret by the right of who asks:
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.access.html
 */
export function allowDatabase(made: LambdaFunction, { secret, cluster }: Warehouse): void {
  const role = made.role as Role
  const allow = (actions: string[], resource: string) =>
    role.addToPolicy(new PolicyStatement({ actions, resources: [resource] }))
  allow(['secretsmanager:GetSecretValue'], secret.secretArn)
  if (cluster) allow(dataApi, cluster)
  secret.encryptionKey?.grantDecrypt(role)
}
