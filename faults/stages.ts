import type { Database } from '../core/database/database.ts'
import { prepareLedger } from '../core/database/prepare-ledger.ts'
import type { Lake } from '../core/lake.ts'
import type { Outcome } from '../core/outcome.ts'
import type { StreamClient } from '../core/stream/kinesis.ts'
import { compact } from '../functions/maintenance/compact.ts'
import { tick } from '../functions/maintenance/tick.ts'
import { rawIngestion } from '../functions/raw-ingestion/handler.ts'
import { silver } from '../functions/silver/handler.ts'
import { batchOf } from '../functions/stages.fixture.ts'
import { publisher } from '../functions/streaming/handler.ts'
import { drain } from '../functions/streaming/stream.fixture.ts'
import type { Handler } from '../local/lane.ts'

/** What a stage works on. */
export interface World {
  lake: Lake
  /** Of the objects whose events come, in this order. */
  keys: string[]
  database(): Database
  stream(): StreamClient
}

/** Each stage from the first event to its end. */
export const stages = {
  async 'raw-ingestion'({ lake, keys, database }: World) {
    const opened = database()
    await prepareLedger(opened)
    await bring(lake, keys, (report) => rawIngestion(lake, opened, report))
    await opened.end()
  },
  silver: ({ lake, keys }: World) => bring(lake, keys, (report) => silver(lake, report)),
  publish: ({ lake, keys, stream }: World) =>
    bring(lake, keys, (report) => publisher(lake, stream(), report)),
  async append({ lake, stream }: World) {
    await drain(lake, stream(), { size: 4 })
    const { busy } = await tick(lake, { all: true })
    if (busy > 0) throw new Error('a writer that is dead is still waited for')
  },
  async compact({ lake }: World) {
    const skipped = (await compact(lake, { all: true })).flatMap((one) => one.skipped ?? [])
    if (skipped.length > 0) throw new Error(`left as it was: ${skipped}`)
  },
}

export type StageName = keyof typeof stages

/** Event by event. */
async function bring(
  lake: Lake,
  keys: string[],
  handlerOf: (report: (outcome: Outcome) => void) => Handler,
): Promise<void> {
  let last: Outcome | undefined
  const handler = handlerOf((outcome) => {
    last = outcome
  })
  for (const key of keys) {
    const { batchItemFailures } = await handler(batchOf(lake, [key]))
    if (batchItemFailures.length > 0) throw new Error(`${key} failed: ${last?.reason}`)
  }
}
