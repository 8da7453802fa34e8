import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib'
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  type LifecycleRule,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import type { Settings } from './settings.ts'
import { keep, staging } from './shape.ts'

/** The lake: one bucket, laid out as the folder `data/` is. */
export function makeLake(scope: Construct, { lake, removal }: Settings): Bucket {
  const bucket = makeBucket(scope, 'Lake', removal, lifecycle())
  if (lake) (bucket.node.defaultChild as CfnBucket).bucketName = lake
  // The property of the resource itself: Bucket's own is a custom resource, which emulators skip.
  const resource = bucket.node.defaultChild as CfnBucket
  resource.notificationConfiguration = {
    eventBridgeConfiguration: { eventBridgeEnabled: true },
  }
  return bucket
}

/** A bucket whose content outlives the stack unless it is a trial. */
export function makeBucket(
  scope: Construct,
  id: string,
  removal: Settings['removal'],
  lifecycleRules: LifecycleRule[],
): Bucket {
  const bucket = new Bucket(scope, id, {
    versioned: true,
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    removalPolicy: removalOf(removal),
    // Only an empty bucket can be deleted.
    autoDeleteObjects: removal === 'destroy',
    lifecycleRules,
  })
  Validations.of(bucket).acknowledge({
    id: 'AwsSolutions-S1',
    reason:
      'Who read or wrote which object is told by data events of CloudTrail, a trail of the ' +
      'account; server access logs are best effort, and would need a bucket of their own.',
  })
  return bucket
}

/** What a first deployment that fails has made goes; what has worked once stays. */
export function removalOf(removal: Settings['removal']): RemovalPolicy {
  return removal === 'destroy' ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
}

/**
 * Nothing that is current ever expires, but what a function that died has left in the staging area.
 * Quarantine keeps its overwritten versions, too; those of checkpoints, one for each batch, are of
 * no use once a later one stands.
 */
function lifecycle(): LifecycleRule[] {
  const overwritten = (prefix: string, days: number): LifecycleRule => ({
    id: `overwritten-${prefix.replace('/', '')}`,
    prefix,
    noncurrentVersionExpiration: Duration.days(days),
    expiredObjectDeleteMarker: true,
  })
  return [
    { id: 'aborted-uploads', abortIncompleteMultipartUploadAfter: Duration.days(2) },
    overwritten('bronze/', keep.bronzeVersions),
    overwritten('streaming/', keep.bronzeVersions),
    overwritten('silver/', keep.versions),
    overwritten('streaming_results/', keep.versions),
    overwritten('streaming_checkpoint/', keep.checkpointVersions),
    {
      id: 'staging',
      prefix: staging.prefix,
      // With it S3 removes the markers of what was deleted, too, once they are as old:
      // https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
      expiration: Duration.days(staging.days),
      noncurrentVersionExpiration: Duration.days(staging.days),
      abortIncompleteMultipartUploadAfter: Duration.days(staging.days),
    },
  ]
}
