import { openStore } from '../store/object-store.ts'
import type { BucketFacts } from './check-bucket.ts'

/** @throws a fault of S3, or that one may not */
export async function readBucket(bucket: string): Promise<BucketFacts> {
  const s3 = await import('@aws-sdk/client-s3')
  const forcePathStyle = process.env.AWS_S3_FORCE_PATH_STYLE === '1'
  const client = new s3.S3Client({ forcePathStyle })
  const Bucket = bucket
  try {
    const { $metadata, ...notifications } = await client.send(
      new s3.GetBucketNotificationConfigurationCommand({ Bucket }),
    )
    const { Status } = await client.send(new s3.GetBucketVersioningCommand({ Bucket }))
    const access = await client
      .send(new s3.GetPublicAccessBlockCommand({ Bucket }))
      .then((answer) => answer.PublicAccessBlockConfiguration)
      .catch(unlessNone)
    return { bucket, notifications, versioning: Status, publicAccess: { ...access } }
  } finally {
    client.destroy()
  }
}

function unlessNone(error: unknown): undefined {
  if ((error as Error).name !== 'NoSuchPublicAccessBlockConfiguration') throw error
}

/** No more are counted than make the point. */
const MOST = 10_000

/** @param url of the bucket that Lambda's on-failure destination is */
export async function countFailedBatches(url: string): Promise<number> {
  let count = 0
  for await (const _ of openStore(url).list('aws/lambda/')) if (++count === MOST) break
  return count
}
