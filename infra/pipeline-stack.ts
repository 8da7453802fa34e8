import { Stack } from 'aws-cdk-lib'
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { makeAlarms } from './alarms.ts'
import { makeDashboard } from './dashboard.ts'
import { makeLake } from './lake.ts'
import { Maintenance } from './maintenance.ts'
import { tell } from './outputs.ts'
import type { Settings } from './settings.ts'
import { SetUp } from './setup.ts'
import { publish, rawIngestion, silver, stagedIngestion } from './shape.ts'
import { ObjectStage } from './stage.ts'
import { RecordStream } from './stream.ts'
import { allowDatabase, findWarehouse, type Warehouse } from './warehouse.ts'

/** The pipeline: objects and records come in, rows and Parquet stand. */
export class PipelineStack extends Stack {
  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id, {
      description: 'Sluice: CSV objects and streams into Postgres and Parquet',
      terminationProtection: settings.removal === 'retain',
    })
    const lake = makeLake(this, settings)
    const warehouse = findWarehouse(this, settings, lake)
    const setUp = new SetUp(this, settings, lake, warehouse)
    const records = new RecordStream(this, settings, lake)
    const stages = [
      ...(warehouse ? [this.#rawIngestion(settings, lake, warehouse)] : []),
      new ObjectStage(this, { shape: silver, settings, lake }),
      this.#publisher(settings, lake, records),
    ]
    const maintenance = new Maintenance(this, settings, lake)
    // Contracts are put when somebody listens: their events let objects through.
    for (const stage of stages) setUp.resource.node.addDependency(stage)
    const parts = { stages, records, maintenance, aurora: warehouse?.made }
    makeDashboard(this, parts)
    makeAlarms(this, parts, settings)
    tell(this, { LakeUrl: `s3://${lake.bucketName}` })
  }

  #rawIngestion(settings: Settings, lake: Bucket, warehouse: Warehouse): ObjectStage {
    const { environment, network, cluster } = warehouse
    const shape = cluster ? stagedIngestion : rawIngestion
    const stage = new ObjectStage(this, { shape, settings, lake, environment, network })
    allowDatabase(stage.function, warehouse)
    return stage
  }

  #publisher(settings: Settings, lake: Bucket, { stream }: RecordStream): ObjectStage {
    const environment = { STREAM_NAME: stream.streamName }
    const stage = new ObjectStage(this, { shape: publish, settings, lake, environment })
    const role = stage.function.role as Role
    role.addToPolicy(
      new PolicyStatement({
        actions: ['kinesis:PutRecords', 'kinesis:DescribeStreamSummary', 'kinesis:ListShards'],
        resources: [stream.streamArn],
      }),
    )
    return stage
  }
}
