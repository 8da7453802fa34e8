import * as z from 'zod'

/**
 * Events as hints: which key of which bucket changed. S3's own notifications, EventBridge's "Object
 * Created", and either inside an SQS message, become one list. No more of an event is believed.
 */
export interface Hint {
  bucket: string
  key: string
  /** What the key says if it is encoded: EventBridge's are plain on AWS, encoded on LocalStack. */
  decoded?: string
}

const notification = z.object({
  Records: z.array(
    z.object({
      eventSource: z.literal('aws:s3'),
      s3: z.object({
        bucket: z.object({ name: z.string() }),
        object: z.object({ key: z.string() }),
      }),
    }),
  ),
})
const bridge = z.object({
  source: z.literal('aws.s3'),
  detail: z.object({
    bucket: z.object({ name: z.string() }),
    object: z.object({ key: z.string() }),
  }),
})
/** S3 says so once when a notification is set up. */
const test = z.object({ Event: z.literal('s3:TestEvent') })

/**
 * @param event one S3 notification (several records) or one EventBridge event
 * @throws Error for anything else: it must not be lost as if it had been handled
 */
export function hintsOf(event: unknown): Hint[] {
  const notified = notification.safeParse(event)
  if (notified.success) {
    return notified.data.Records.map(({ s3 }) => {
      return { bucket: s3.bucket.name, key: decodeKey(s3.object.key) }
    })
  }
  const bridged = bridge.safeParse(event)
  if (bridged.success) {
    const { bucket, object } = bridged.data.detail
    return [{ bucket: bucket.name, key: object.key, decoded: decodeKey(object.key) }]
  }
  if (test.safeParse(event).success) return []
  const found = JSON.stringify(event)?.slice(0, 200)
  throw new Error(`not an S3 notification, nor "Object Created" of EventBridge: ${found}`)
}

/**
 * Keys in S3's notifications are encoded as in a form: `+` is a space
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html).
 * What is no such encoding stays as it is.
 */
function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch {
    return key
  }
}
