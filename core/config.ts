import * as z from 'zod'

/** What a deployed function needs to know, from its environment. */
const environment = z.object({
  /** `s3://bucket`, or a folder. */
  LAKE_URL: z.string().min(1),
  /** `postgres://…`; the functions that use the database only. It wins over the secret. */
  DATABASE_URL: z.string().min(1).optional(),
  /** The secret of Secrets Manager that holds such a URL, or RDS' JSON. */
  DATABASE_SECRET_ARN: z.string().min(1).optional(),
  /** The Aurora cluster that is used through the RDS Data API, by that secret. */
  DATABASE_CLUSTER_ARN: z.string().min(1).optional(),
  /** The database of that cluster. */
  DATABASE_NAME: z.string().min(1).default('sluice'),
  /** The stream that objects are published to; the publisher only. */
  STREAM_NAME: z.string().min(1).optional(),
})

/** @throws ZodError naming each variable that is missing */
export function readConfig() {
  const { LAKE_URL, STREAM_NAME, ...found } = environment.parse(process.env)
  const database = {
    url: found.DATABASE_URL,
    secret: found.DATABASE_SECRET_ARN,
    cluster: found.DATABASE_CLUSTER_ARN,
    name: found.DATABASE_NAME,
  }
  return { lake: LAKE_URL, database, stream: STREAM_NAME }
}

const streamEnvironment = z.object({
  /** The dataset of records that name none. */
  STREAM_DATASET: z.string().min(1).optional(),
  /** Groups of a window's open part above which partials are written early. */
  SLUICE_WINDOW_GROUPS: z.coerce.number().int().positive().default(2_000),
})

/** @throws ZodError naming each variable that is not what it should be */
export function readStreamConfig() {
  const { STREAM_DATASET, SLUICE_WINDOW_GROUPS } = streamEnvironment.parse(process.env)
  return { dataset: STREAM_DATASET, limit: SLUICE_WINDOW_GROUPS }
}
