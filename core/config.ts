import { z } from 'zod'

/** What a deployed function needs to know, from its environment. */
const environment = z.object({
  /** `s3://bucket`, or a folder. */
  LAKE_URL: z.string().min(1),
  /** `postgres://…`; the raw-ingestion stage only. */
  DATABASE_URL: z.string().min(1).optional(),
  /** The stream that objects are published to; the publisher only. */
  STREAM_NAME: z.string().min(1).optional(),
})

/** @throws ZodError naming each variable that is missing */
export function readConfig() {
  const { LAKE_URL, DATABASE_URL, STREAM_NAME } = environment.parse(process.env)
  return { lake: LAKE_URL, database: DATABASE_URL, stream: STREAM_NAME }
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
