import { CfnParameter, type Stack, Validations } from 'aws-cdk-lib'
import { SecurityGroup, Subnet, Vpc } from 'aws-cdk-lib/aws-ec2'
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager'
import type { Network } from './function.ts'
import type { Settings } from './settings.ts'

/** The database that is loaded into: where its URL is kept, and from where it can be reached. */
export interface Warehouse {
  secret: ISecret
  environment: Record<string, string>
  network: Network | undefined
}

/** @returns undefined where the stack has none: `-c database=none` */
export function findWarehouse(scope: Stack, settings: Settings): Warehouse | undefined {
  if (settings.database === 'none') return undefined
  const arn = settings.databaseSecret ?? secretParameter(scope)
  const { databaseKey } = settings
  const secret = Secret.fromSecretAttributes(scope, 'DatabaseSecretArn', {
    secretCompleteArn: arn,
    ...(databaseKey && { encryptionKey: Key.fromKeyArn(scope, 'DatabaseKey', databaseKey) }),
  })
  return {
    secret,
    environment: {
      DATABASE_SECRET_ARN: arn,
      // One object at a time needs one connection, and settling another.
      SLUICE_CONNECTIONS: '2',
      // Where Lambda has the certificates of RDS; Node reads it at its start:
      // https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
      NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem',
    },
    network: findNetwork(scope, settings),
  }
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

/** Its own secret, and no other. */
export function allowSecret(made: LambdaFunction, { secret }: Warehouse): void {
  const role = made.role as Role
  role.addToPolicy(
    new PolicyStatement({
      actions: ['secretsmanager:GetSecretValue'],
      resources: [secret.secretArn],
    }),
  )
  secret.encryptionKey?.grantDecrypt(role)
}
