import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDuck } from '../core/duck/duckdb.ts'
import { literal } from '../core/names.ts'

/** A lake of `objects` CSV files of a stream, `rows` in all; each hundredth row is a wrong one. */
export class StreamSource {
  readonly lake: string
  readonly objects: number
  readonly rows: number
  /** Good rows of other producers, of the ids that come after those of the objects. */
  others = 0

  constructor(lake: string, objects: number, rows: number) {
    this.lake = lake
    this.objects = objects
    this.rows = rows
    const folder = join(lake, 'streaming', 'kill')
    mkdirSync(join(folder, 'events'), { recursive: true })
    writeFileSync(join(folder, 'datapackage.json'), JSON.stringify(descriptor))
    for (let k = 0; k < objects; k++) {
      const [from, to] = [this.#first(k), this.#first(k + 1)]
      const lines = Array.from({ length: to - from }, (_, i) => lineOf(from + i))
      writeFileSync(
        join(folder, 'events', `${k}.csv`),
        `${['id,shop,total,at', ...lines].join('\n')}\n`,
      )
    }
  }

  /** Keys of all objects in the lake. */
  get keys(): string[] {
    return Array.from({ length: this.objects }, (_, k) => `streaming/kill/events/${k}.csv`)
  }

  /** The next row of another producer: JSON that names its dataset. */
  other(): Buffer {
    const id = this.rows + this.others++
    const [, shop, total, at] = lineOf(id - (id % 100 === 0 ? 1 : 0)).split(',')
    return Buffer.from(
      `{"_dataset":"kill.events","id":${id},"shop":${shop},"total":${total},"at":"${at}"}`,
    )
  }

  get wrong(): number {
    return Math.ceil(this.rows / 100)
  }

  remove(): void {
    rmSync(this.lake, { recursive: true, force: true })
  }

  #first(k: number): number {
    return Math.floor((k * this.rows) / this.objects)
  }
}

const descriptor = {
  name: 'kill',
  resources: [
    {
      name: 'events',
      path: 'events/0.csv',
      schema: {
        fields: [
          { name: 'id', type: 'integer', constraints: { required: true } },
          { name: 'shop', type: 'integer' },
          { name: 'total', type: 'number', sluice: { decimal: [12, 2] } },
          { name: 'at', type: 'datetime' },
        ],
      },
      sluice: {
        files: 'events/*.csv',
        stream: { eventTime: 'at', watermark: '1 minute' },
        windows: [
          {
            ...{ name: 'minutes', every: '5 minutes', groupBy: ['shop'] },
            measures: { n: 'count()', sum: 'sum(total)', most: 'max(id)' },
          },
        ],
      },
    },
  ],
}

function lineOf(id: number): string {
  const total = id % 100 === 0 ? '1.234' : ((id * 7919) % 100_000) / 100
  // Each twentieth is a quarter of an hour late.
  const second = Math.floor(id / 50) - (id % 20 === 7 ? 900 : 0)
  const at = new Date(Date.UTC(2026, 2, 14, 6) + second * 1000).toISOString().slice(0, 19)
  return `${id},${id % 9},${total},${at}`
}

/**
 * Looks from outside, by plain globs and plain SQL: every good row is an event once, every wrong
 * one in quarantine once, and the windows say what the events say.
 *
 * @returns one sentence for each thing that is wrong
 */
export async function judgeStream(
  source: Pick<StreamSource, 'lake' | 'rows' | 'wrong'> & { others?: number },
): Promise<string[]> {
  const { lake, rows, wrong, others = 0 } = source
  const all = rows - wrong + others
  const at = (path: string) => `read_parquet(${literal(join(lake, path))})`
  const events = at('streaming_results/kill/events/events/**/*.parquet')
  const windows = at('streaming_results/kill/events/windows/minutes/*.parquet')
  const merged = `SELECT window_start, shop, sum(n)::BIGINT, sum(sum), max(most) FROM ${windows}
    GROUP BY window_start, shop`
  const direct = `SELECT time_bucket(INTERVAL 5 minutes, "at"), shop, count(*), sum(total), max(id)
    FROM ${events} GROUP BY ALL`
  const findings: string[] = []
  const expectCount = async (what: string, sql: string, wanted: number) => {
    const found = await count(sql).catch((error: Error) => error.message)
    if (found !== wanted) findings.push(`${what}: ${found}, not ${wanted}`)
  }
  await expectCount('events', `SELECT count(*) FROM ${events}`, all)
  await expectCount('ids', `SELECT count(DISTINCT id) FROM ${events}`, all)
  const good = `SELECT count(*) FROM ${events} WHERE id BETWEEN 0 AND ${rows + others - 1}
    AND (id >= ${rows} OR id % 100 <> 0)`
  await expectCount('good ids', good, all)
  const sent = `read_csv(${literal(join(lake, 'streaming/kill/events/*.csv'))}, all_varchar = true)`
  const changed = `SELECT count(*) FROM (
    (SELECT id::BIGINT, shop::BIGINT, total::DECIMAL(12, 2), "at"::TIMESTAMP FROM ${sent}
      WHERE id::BIGINT % 100 <> 0)
    EXCEPT ALL (SELECT id, shop, total, "at" FROM ${events}))`
  await expectCount('rows that were sent, and are not there as they were', changed, 0)
  const kept = `(SELECT * FROM ${at('quarantine/kill/events/stream/*.parquet')}
    WHERE text LIKE '%,1.234,%')`
  await expectCount('rejects', `SELECT count(*) FROM ${kept}`, wrong)
  await expectCount(
    'rejected ids',
    `SELECT count(DISTINCT split_part(text, ',', 1)) FROM ${kept}`,
    wrong,
  )
  const beyond = `SELECT count(*) FROM ((${merged}) EXCEPT ALL (${direct}))`
  const missing = `SELECT count(*) FROM ((${direct}) EXCEPT ALL (${merged}))`
  await expectCount('windows that no event makes', beyond, 0)
  await expectCount('windows that are missing', missing, 0)
  return findings
}

/** How many rows of other producers are no events yet. */
export async function missingOthers({ lake, rows, others }: StreamSource): Promise<number> {
  const events = join(lake, 'streaming_results/kill/events/events/**/*.parquet')
  return (
    others -
    (await count(
      `SELECT count(DISTINCT id) FROM read_parquet(${literal(events)}) WHERE id >= ${rows}`,
    ))
  )
}

async function count(sql: string): Promise<number> {
  const duck = await openDuck()
  try {
    return Number((await duck.all(sql))[0]?.[0])
  } finally {
    duck.close()
  }
}
