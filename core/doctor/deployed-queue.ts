import type { QueueFacts } from './check-events.ts'

/** @param url of the queue */
export async function readQueue(url: string): Promise<QueueFacts> {
  const sdk = await import('@aws-sdk/client-sqs')
  // The URL that a stack tells may name LocalStack as it is seen from inside.
  const client = new sdk.SQSClient({ useQueueUrlAsEndpoint: false })
  try {
    const ask = new sdk.GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] })
    const { Attributes: told = {} } = await client.send(ask)
    return {
      url,
      arn: told.QueueArn ?? '',
      waiting: Number(told.ApproximateNumberOfMessages ?? 0),
      inFlight: Number(told.ApproximateNumberOfMessagesNotVisible ?? 0),
      delayed: Number(told.ApproximateNumberOfMessagesDelayed ?? 0),
      policy: told.Policy,
      redrive: told.RedrivePolicy,
    }
  } finally {
    client.destroy()
  }
}
