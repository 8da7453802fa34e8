import { Duration, Validations } from 'aws-cdk-lib'
import { Rule } from 'aws-cdk-lib/aws-events'
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { allowLake, makeFunction, type Network } from './function.ts'
import { tell } from './outputs.ts'
import type { Settings } from './settings.ts'
import { keep, limitBytes, messages, retry, type StageShape } from './shape.ts'

export interface StageProps {
  shape: StageShape
  settings: Settings
  lake: Bucket
  environment?: Record<string, string>
  network?: Network | undefined
}

/** Rule → queue, with its dead letters → function: how objects come to a stage. */
export class ObjectStage extends Construct {
  readonly shape: StageShape
  readonly function: LambdaFunction
  readonly queue: Queue
  readonly deadLetters: Queue

  constructor(scope: Construct, props: StageProps) {
    super(scope, props.shape.id)
    this.shape = props.shape
    const { shape, settings, lake, network } = props
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(keep.deadLetters),
    })
    Validations.of(this.deadLetters).acknowledge({
      id: 'Serverless-SQSRedrivePolicy',
      reason: 'It is the dead-letter queue: what lies here is for people, and `sluice redrive`.',
    })
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      // Six times that of the function:
      // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
      visibilityTimeout: Duration.seconds(6 * shape.limits.timeout),
      retentionPeriod: Duration.days(keep.deadLetters),
      deadLetterQueue: {
        queue: this.deadLetters,
        maxReceiveCount: settings.receives ?? retry.receives,
      },
    })
    this.function = makeFunction(this, '', {
      ...{ shape, settings, lake, network },
      environment: {
        QUEUE_URL: this.queue.queueUrl,
        SLUICE_LIMIT_BYTES: String(limitBytes(shape.limits, shape.stages)),
        SLUICE_RETRY_SECONDS: String(retry.seconds),
        ...props.environment,
      },
    })
    allowLake(this.function, lake, shape.access)
    this.#connect(lake)
  }

  #connect(lake: Bucket): void {
    const { shape } = this
    const rule = new Rule(this, 'Rule', {
      description: `Objects of the lake that ${shape.service} takes`,
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: {
          bucket: { name: [lake.bucketName] },
          object: { key: shape.prefixes.map((prefix) => ({ prefix })) },
        },
      },
      targets: [new SqsQueue(this.queue, { deadLetterQueue: this.deadLetters })],
    })
    this.function.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: messages,
        maxConcurrency: shape.concurrency,
        reportBatchItemFailures: true,
      }),
    )
    Validations.of(this.function).acknowledge({
      id: 'Serverless-LambdaEventSourceMappingDestination',
      reason:
        "What fails is kept by the queue's dead letters; a queue's mapping has no destination.",
    })
    tell(this, {
      [`${shape.id}Queue`]: this.queue.queueUrl,
      [`${shape.id}DeadLetters`]: this.deadLetters.queueUrl,
      [`${shape.id}Function`]: this.function.functionName,
      [`${shape.id}Rule`]: rule.ruleName,
    })
  }
}
