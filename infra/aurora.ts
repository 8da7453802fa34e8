import { Aws, Duration, Fn, RemovalPolicy, Validations } from 'aws-cdk-lib'
import {
  GatewayVpcEndpointAwsService,
  IpAddresses,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2'
import { type Role, StarPrincipal } from 'aws-cdk-lib/aws-iam'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import {
  AuroraPostgresEngineVersion,
  type CfnDBCluster,
  ClusterInstance,
  Credentials,
  DatabaseCluster,
  DatabaseClusterEngine,
} from 'aws-cdk-lib/aws-rds'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import { Construct, type IDependable } from 'constructs'
import { readParts } from './import-role.ts'
import { removalOf } from './lake.ts'
import type { Settings } from './settings.ts'
import { aurora, keep } from './shape.ts'

/**
 * The newest that this CDK knows. The Data API wants 17.4 at least, to sleep at 0 ACU any of 17:
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.regions.html,
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
 */
const version = AuroraPostgresEngineVersion.VER_17_9

/**
 * Aurora PostgreSQL, one writer, which sleeps while nobody asks. Nobody is let in but by the Data
 * API, and it reaches nothing but the parts of rows in the lake.
 */
export class Aurora extends Construct {
  readonly cluster: DatabaseCluster
  readonly arn: string
  /** What must be there before its first statement, and before it fetches rows. */
  readonly parts: IDependable[]

  /** @param role by which it reads the lake */
  constructor(scope: Construct, settings: Settings, lake: Bucket, role: Role) {
    super(scope, 'Aurora')
    const vpc = this.#network()
    const endpoint = vpc.addGatewayEndpoint('S3', { service: GatewayVpcEndpointAwsService.S3 })
    for (const statement of readParts(lake)) {
      statement.addPrincipals(new StarPrincipal())
      endpoint.addToPolicy(statement)
    }
    this.cluster = this.#cluster(settings, vpc, role)
    this.arn = (this.cluster.node.defaultChild as CfnDBCluster).attrDbClusterArn
    this.parts = [this.cluster, endpoint, role]
  }

  /** Two zones, as RDS asks for, with no way out but to S3. */
  #network(): IVpc {
    const vpc = new Vpc(this, 'Network', {
      ipAddresses: IpAddresses.cidr(aurora.cidr),
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [
        {
          ...{ name: 'Database', subnetType: SubnetType.PRIVATE_ISOLATED },
          cidrMask: aurora.subnetMask,
        },
      ],
    })
    Validations.of(vpc).acknowledge({
      id: 'AwsSolutions-VPC7',
      reason:
        'Its only interfaces are those of Aurora, which lets nobody in; what leaves goes to S3, ' +
        "whose endpoint's policy names the one prefix, and CloudTrail's data events tell of it.",
    })
    return vpc as IVpc
  }

  #cluster(settings: Settings, vpc: IVpc, role: Role): DatabaseCluster {
    const name = nameOf(settings)
    const log = new LogGroup(this, 'Log', {
      logGroupName: `/aws/rds/cluster/${name}/postgresql`,
      retention: keep.logs,
      removalPolicy: removalOf(settings.removal),
    })
    const isKept = settings.removal === 'retain'
    const cluster = new DatabaseCluster(this, 'Cluster', {
      engine: DatabaseClusterEngine.auroraPostgres({ version }),
      clusterIdentifier: name,
      defaultDatabaseName: settings.databaseName,
      credentials: Credentials.fromGeneratedSecret('sluice', { secretName: name }),
      writer: ClusterInstance.serverlessV2('Writer', { publiclyAccessible: false }),
      serverlessV2MinCapacity: 0,
      serverlessV2MaxCapacity: settings.acus,
      serverlessV2AutoPauseDuration: Duration.minutes(aurora.pause),
      enableDataApi: true,
      iamAuthentication: true,
      parameters: { 'rds.force_ssl': '1' },
      storageEncrypted: true,
      backup: { retention: Duration.days(isKept ? keep.backups : keep.trialBackups) },
      deletionProtection: isKept,
      // Kept as a snapshot: a cluster that stays would keep its whole network from being removed.
      removalPolicy: isKept ? RemovalPolicy.SNAPSHOT : RemovalPolicy.DESTROY,
      cloudwatchLogsExports: ['postgresql'],
      s3ImportRole: role,
      vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      securityGroups: [this.#securityGroup(vpc)],
    })
    // Else RDS makes it itself, to be kept for ever.
    cluster.node.addDependency(log)
    acknowledge(cluster, isKept)
    return cluster
  }

  /** Lets nobody in: the Data API comes another way. */
  #securityGroup(vpc: IVpc): SecurityGroup {
    const group = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'Aurora fetches rows from S3; nobody is let in',
      allowAllOutbound: false,
    })
    // The network has no route but that to S3, whose addresses differ by region.
    group.addEgressRule(Peer.anyIpv4(), Port.HTTPS, 'S3')
    return group
  }
}

/**
 * Of the cluster and of its secret. Known before they are made, as the log has it in its own name;
 * short, as the Data API's reference allows an ARN 100 characters, and what CloudFormation calls a
 * secret makes more of them; and with a part of the stack's own id, since a stack that is made
 * again finds the log, and perhaps the secret, of the one before.
 * https://docs.aws.amazon.com/rdsdataservice/latest/APIReference/API_ExecuteStatement.html
 */
function nameOf({ stage }: Settings): string {
  const id = Fn.select(2, Fn.split('/', Aws.STACK_ID))
  // RDS allows no hyphen behind another.
  const short = stage.replaceAll(/-+/g, '-').slice(0, 18).replace(/-$/, '')
  return `sluice-${short}-${Fn.select(0, Fn.split('-', id))}`
}

function acknowledge(cluster: DatabaseCluster, isKept: boolean): void {
  Validations.of(cluster).acknowledge({
    id: 'AwsSolutions-SMG4',
    reason:
      'To rotate it takes a function inside the network, and endpoints there that cost more ' +
      'than the database at rest. It is generated, read by two roles, and of use by the Data ' +
      'API alone, which asks IAM as well.',
  })
  if (isKept) return
  Validations.of(cluster).acknowledge({
    id: 'AwsSolutions-RDS10',
    reason: 'A trial (removal=destroy) is to be removed with all that it has.',
  })
}
