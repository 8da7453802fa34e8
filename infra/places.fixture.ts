import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateStreamCommand, DeleteStreamCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3'
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { CreateQueueCommand, DeleteQueueCommand, SQSClient } from '@aws-sdk/client-sqs'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { openStream } from '../core/stream/kinesis.ts'
import { installAwsS3 } from '../local/data-api/aws-s3.ts'
import { DataApiEndpoint } from '../local/data-api/endpoint.ts'
import type { Places } from './policy.fixture.ts'

export type Closing = (() => Promise<unknown>)[]

/**
 * The stack's resources by their logical ids, made on LocalStack without their functions.
 *
 * @param closing gets what takes them away again; the bucket stays
 */
export async function makePlaces(database: string, closing: Closing): Promise<Places> {
  const name = `policy-${randomBytes(4).toString('hex')}`
  const [Lake, StreamRecords] = [`${name}-lake`, `${name}-records`]
  await makeBucket(Lake)
  await makeStream(StreamRecords, closing)
  const ids = ['RawIngestionQueue', 'SilverQueue', 'PublishQueue']
  const queues = await Promise.all(ids.map((id) => makeQueue(`${name}-${id}`, closing)))
  return {
    Lake,
    StreamRecords,
    ...Object.fromEntries(ids.map((id, i) => [id, queues[i]!])),
    DatabaseSecret: await makeSecret(name, database, closing),
  }
}

/**
 * An Aurora that is asked by the Data API, over a Postgres of ours.
 *
 * @param server URL of a superuser, and of a database `sluice`, which the stack's has for its name
 */
export async function makeAurora(server: string, closing: Closing): Promise<Places> {
  const endpoint = await DataApiEndpoint.start(server)
  closing.push(() => endpoint.close())
  await installAwsS3(server, endpoint)
  const { url, cluster, secret } = endpoint
  return { DataApi: url, AuroraCluster: cluster, AuroraClusterSecretAttachment: secret }
}

async function makeBucket(Bucket: string): Promise<void> {
  const s3 = new S3Client({ forcePathStyle: true })
  await s3.send(new CreateBucketCommand({ Bucket }))
  const VersioningConfiguration = { Status: 'Enabled' as const }
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
}

async function makeStream(StreamName: string, closing: Closing): Promise<void> {
  const kinesis = new KinesisClient({ requestHandler: new NodeHttpHandler() })
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
  closing.push(() => kinesis.send(new DeleteStreamCommand({ StreamName })))
  const stream = openStream(StreamName)
  while ((await stream.describe()).status !== 'ACTIVE') await sleep(50)
}

/** @returns its URL at the endpoint that all is asked by */
async function makeQueue(QueueName: string, closing: Closing): Promise<string> {
  const sqs = new SQSClient({})
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName }))
  closing.push(() => sqs.send(new DeleteQueueCommand({ QueueUrl })))
  return `${process.env.AWS_ENDPOINT_URL}${new URL(QueueUrl).pathname}`
}

async function makeSecret(Name: string, SecretString: string, closing: Closing): Promise<string> {
  const secrets = new SecretsManagerClient({})
  const { ARN = '' } = await secrets.send(new CreateSecretCommand({ Name, SecretString }))
  closing.push(() => secrets.send(new DeleteSecretCommand({ SecretId: ARN })))
  return ARN
}
