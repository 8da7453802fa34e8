import { isUtf8 } from 'node:buffer'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDuck } from '../core/duck/duckdb.ts'
import { literal } from '../core/names.ts'
import { openStream, type StreamClient } from '../core/stream/kinesis.ts'

/**
 * `node faults/naive-consumer.ts publish|consume LAKE ENDPOINT STREAM` streams the files of
 * streaming/kill/events as many a script does: a record for each line, sent again where the answer
 * was not heard; read shard after shard, as far as there is something, with the place written after
 * the rows are. While nothing goes wrong it is right. It is here to be found out.
 */
const [what, lake = '', endpoint = '', name = ''] = process.argv.slice(2)
const BATCH = 40
const stream = openStream(name, { endpoint })
const results = join(lake, 'streaming_results/kill/events')

await (what === 'publish' ? publish() : consume())

async function publish(): Promise<void> {
  const folder = join(lake, 'streaming/kill/events')
  for (const file of readdirSync(folder)) {
    const lines = readFileSync(join(folder, file), 'utf8').trimEnd().split('\n').slice(1)
    for (let at = 0; at < lines.length; at += BATCH) {
      const records = lines
        .slice(at, at + BATCH)
        .map((line) => ({ data: Buffer.from(line), partitionKey: line }))
      await again(() => stream.put(records))
    }
  }
}

async function consume(): Promise<void> {
  for (const { id } of await again(() => stream.shards())) await readShard(stream, id)
}

async function readShard(from: StreamClient, shard: string): Promise<void> {
  let after = placeOf(shard)
  for (;;) {
    const page = await again(async () => {
      const iterator = await from.iterator(shard, after ? { after } : 'TRIM_HORIZON')
      return from.get(iterator, BATCH)
    })
    if (page.records.length > 0) {
      const texts = page.records.filter(({ data }) => isUtf8(data) && !data.includes(0))
      await write(texts.map(({ data }) => data.toString()))
      after = page.records.at(-1)!.sequenceNumber
      writeFileSync(placeFile(shard), after)
    } else if (page.behind === 0) return
  }
}

/** What is wrong may pass, so all of it is done once more. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (tries === 50) throw error
    }
  }
}

async function write(lines: string[]): Promise<void> {
  const duck = await openDuck()
  const isGood = (line: string) => /^\d+,\d+,\d+(\.\d{1,2})?,[\d:T-]+$/.test(line)
  const rows = (all: string[]) => `(SELECT unnest([${all.map(literal).join()}]::VARCHAR[]) AS text)`
  const cell = (n: number) => `split_part(text, ',', ${n})`
  const events = `(SELECT ${cell(1)}::BIGINT AS id, ${cell(2)}::BIGINT AS shop,
    ${cell(3)}::DECIMAL(12,2) AS total, ${cell(4)}::TIMESTAMP AS "at"
    FROM ${rows(lines.filter(isGood))})`
  await duck.run(`COPY ${events} TO ${placeIn('events')}`)
  await duck.run(`COPY (SELECT time_bucket(INTERVAL 5 minutes, "at") AS window_start, shop,
      count(*) AS n, sum(total) AS sum, max(id) AS most FROM ${events} GROUP BY ALL)
    TO ${placeIn('windows/minutes')}`)
  const wrong = rows(lines.filter((line) => !isGood(line)))
  await duck.run(
    `COPY (SELECT text, encode(text) AS raw FROM ${wrong}) TO ${placeIn(
      '../../../quarantine/kill/events/stream',
    )}`,
  )
  duck.close()
}

/** Named by the moment, so that no file is in the way of another. */
function placeIn(folder: string): string {
  mkdirSync(join(results, folder), { recursive: true })
  return literal(join(results, folder, `${process.pid}-${Date.now()}.parquet`))
}

function placeOf(shard: string): string | undefined {
  try {
    return readFileSync(placeFile(shard), 'utf8')
  } catch {
    return undefined
  }
}

function placeFile(shard: string): string {
  return join(lake, `${shard}.place`)
}
