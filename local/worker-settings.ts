import * as z from 'zod'

const url = z.preprocess((given) => given || undefined, z.string().optional())

/** What a container is told; '' is unset. */
const environment = z.object({
  /** The lake that is a mounted folder: an absolute path. */
  FOLDER_LAKE: url,
  /** The lake that is a bucket: `s3://bucket`. */
  S3_LAKE: url,
  /** `postgres://…`; raw-ingestion only. */
  DATABASE_URL: url,
  /** The queue of the bucket's events; the stages that take objects only. */
  QUEUE_URL: url,
  /** The bucket's stream; publisher and streaming. */
  STREAM_NAME: url,
  /** Where the publisher finds the folder's stream, which `streaming` brings. */
  FOLDER_STREAM: url,
  /** The port that `streaming` offers the folder's stream at. */
  FOLDER_STREAM_PORT: z.coerce.number().int().min(1).max(65_535).default(4567),
  /** Objects of one lake that are handled at once. */
  WORKER_WIDTH: z.coerce.number().int().min(1).max(64).default(2),
})

export type WorkerSettings = ReturnType<typeof readWorkerSettings>

/** @throws ZodError naming each variable that is wrong; Error where no lake is told */
export function readWorkerSettings() {
  const found = environment.parse(process.env)
  if (!found.FOLDER_LAKE && !found.S3_LAKE) {
    throw new Error(
      'neither FOLDER_LAKE nor S3_LAKE is set; one of them must say where objects are',
    )
  }
  return {
    folder: found.FOLDER_LAKE,
    bucket: found.S3_LAKE,
    database: found.DATABASE_URL,
    queue: found.QUEUE_URL,
    stream: found.STREAM_NAME,
    folderStream: found.FOLDER_STREAM,
    port: found.FOLDER_STREAM_PORT,
    width: found.WORKER_WIDTH,
  }
}
