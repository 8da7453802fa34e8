import { Duration } from 'aws-cdk-lib'
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam'
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis'
import {
  type Function as LambdaFunction,
  MetricType,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda'
import { KinesisEventSource } from 'aws-cdk-lib/aws-lambda-event-sources'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { acknowledgeKeys, allowLake, allowList, makeFunction } from './function.ts'
import { makeBucket, removalOf } from './lake.ts'
import { tell } from './outputs.ts'
import type { Settings } from './settings.ts'
import { append, keep } from './shape.ts'

/** Kinesis → function: how records of a stream come to Parquet and windows. */
export class RecordStream extends Construct {
  readonly stream: Stream
  readonly function: LambdaFunction
  /** Batches that were given up, payload and all. */
  readonly failed: Bucket
  /** The event source mapping, by its UUID. */
  readonly mapping: string

  constructor(scope: Construct, settings: Settings, lake: Bucket) {
    super(scope, 'Stream')
    this.stream = new Stream(this, 'Records', {
      streamMode: StreamMode.ON_DEMAND,
      encryption: StreamEncryption.MANAGED,
      retentionPeriod: Duration.hours(append.retention),
      removalPolicy: removalOf(settings.removal),
    })
    this.failed = makeBucket(this, 'FailedBatches', settings.removal, [
      {
        id: 'redriven',
        abortIncompleteMultipartUploadAfter: Duration.days(2),
        noncurrentVersionExpiration: Duration.days(keep.redriven),
        expiredObjectDeleteMarker: true,
      },
    ])
    this.function = makeFunction(this, 'Append', { shape: append, settings, lake })
    allowLake(this.function, lake, append.access)
    this.mapping = this.#connect()
    tell(this, {
      StreamName: this.stream.streamName,
      StreamArn: this.stream.streamArn,
      FailedBatches: `s3://${this.failed.bucketName}`,
      AppendFunction: this.function.functionName,
      AppendMapping: this.mapping,
    })
  }

  /** @returns the mapping's UUID */
  #connect(): string {
    const source = new KinesisEventSource(this.stream, {
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: append.batch,
      maxBatchingWindow: Duration.seconds(append.window),
      // One batch of a shard at a time: its checkpoint is one chain.
      parallelizationFactor: 1,
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      maxRecordAge: Duration.hours(append.retries),
      metricsConfig: { metrics: [MetricType.EVENT_COUNT] },
      // A queue or a topic would get the batch's sequence numbers alone; a bucket gets its records:
      // https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
      onFailure: { bind: () => ({ destination: this.failed.bucketArn }) },
    })
    this.function.addEventSource(source)
    // https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
    const role = this.function.role as Role
    role.addToPolicy(
      new PolicyStatement({
        actions: ['s3:PutObject'],
        resources: [this.failed.arnForObjects('aws/lambda/*')],
      }),
    )
    allowList(role, this.failed)
    acknowledgeKeys(role, this.failed, ['aws/lambda/'])
    return source.eventSourceMappingId
  }
}
