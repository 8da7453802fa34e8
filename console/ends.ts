import type { Database } from '../core/database/database.ts'
import type { LiveEvents } from './shapes.ts'

type End = LiveEvents['end']

/** A transaction tells when it began; of one that took longer than this no end is told. */
const LONGEST = '10 minutes'
/** More at once are not told one by one. */
const MOST = 200

/** Finds the objects that another process has loaded since the last look at the ledger. */
export class Ends {
  readonly #database: Database
  readonly #lake: string
  /** Those of the last minutes, by object; undefined before the first look. */
  #seen: Map<string, string> | undefined

  constructor(database: Database, lake: string) {
    this.#database = database
    this.#lake = lake
  }

  /** What has ended before the next look is no news. */
  forget(): void {
    this.#seen = undefined
  }

  get isForgotten(): boolean {
    return this.#seen === undefined
  }

  /** Oldest first; none at the first look. */
  async fresh(): Promise<End[]> {
    const rows = await this.#database.read(sql, [this.#lake])
    const found = rows.map((row) => {
      const at = new Date(row.at as string | Date).toISOString()
      const { dataset, reason } = row
      const told = { dataset: dataset ?? undefined, reason: reason ?? undefined }
      return { ...row, ...told, stage: 'raw-ingestion', at } as unknown as End
    })
    const before = this.#seen
    this.#seen = new Map(found.map(({ object, at }) => [object, at]))
    return before ? found.filter(({ object, at }) => before.get(object) !== at).toReversed() : []
  }
}

const sql = `SELECT key AS object, dataset, status, reason, records, accepted, rejected, waiting,
    nullif(mended, 0) AS mended, coalesce(seconds, 0) AS seconds, at
  FROM sluice.objects
  WHERE lake = $1 AND status <> 'new' AND at > now() - interval '${LONGEST}'
  ORDER BY at DESC LIMIT ${MOST}`
