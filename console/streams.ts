import { type Context, Hono } from 'hono'
import * as z from 'zod'
import { packagesIn } from '../core/contract/packages.ts'
import { openStream } from '../core/stream/kinesis.ts'
import { type ShardStatus, streamStatus } from '../core/stream/stream-status.ts'
import { askedIn } from './asked.ts'
import { type Asker, askerOf } from './asker.ts'
import { windowsOf } from './dataset-rows.ts'
import { type Described, describedIn } from './described.ts'
import { NotThere } from './failure.ts'
import { Lags } from './lags.ts'
import { outlookOf } from './outlook.ts'
import type { ConsolePlace } from './place.ts'
import { Rates } from './rates.ts'
import type { StreamsAnswer } from './shapes.ts'
import { newestWindows } from './windows.ts'

const ofWindow = z.object({ dataset: z.string().min(1).max(300), name: z.string().min(1).max(100) })

/** How far streams are, and what flowed in their windows. */
export function streamRoutes(place: ConsolePlace, asker: Asker = askerOf(place)): Hono {
  const rates = new Rates()
  const lags = new Map<string, Lags>()
  /** A stream can be asked by whoever reads it, or where it is named. */
  const lagsOf = (name: string): Lags | undefined => {
    const named = process.env.STREAM_NAME === name ? openStream(name) : undefined
    const stream = place.stream?.(name) ?? named
    if (stream && !lags.has(name)) lags.set(name, new Lags(stream))
    return lags.get(name)
  }
  const app = new Hono()
  app.get('/streams', async (c) => c.json(await answerOf(place, rates, lagsOf)))
  app.get('/window', async (c) => c.json(await windowOf(place, asker, c)))
  return app
}

type LagsOf = (stream: string) => Lags | undefined

async function answerOf(place: ConsolePlace, rates: Rates, lagsOf: LagsOf): Promise<StreamsAnswer> {
  const { shards, datasets } = await streamStatus(place.lake.store)
  const now = performance.now()
  const byStream = Map.groupBy(shards, ({ stream }) => stream)
  const asked = await Promise.all(
    [...byStream].map(async ([name, all]) => [name, await lagsOf(name)?.of(all)] as const),
  )
  const lags = new Map(asked)
  const lagOf = ({ stream, created, shard, closed }: ShardStatus) => {
    const isLast = shards.every((one) => one.stream !== stream || one.created <= created)
    return closed || !isLast ? null : (lags.get(stream)?.lags.get(shard) ?? null)
  }
  const described = (await describedDatasets(place)).filter(({ streamed }) => streamed)
  const counted = new Map(datasets.map((one) => [one.dataset, one]))
  const names = new Set([...described.map(({ dataset }) => dataset), ...counted.keys()])
  return {
    shards: shards.map((one) => {
      const name = `${one.stream} ${one.created} ${one.shard}`
      return { ...one, lag: lagOf(one), rate: rates.look(name, one.records, now) }
    }),
    datasets: [...names].toSorted().map((dataset) => {
      const contract = described.find((one) => one.dataset === dataset)?.streamed
      const { records, accepted, rejected, late, watermark } = counted.get(dataset) ?? nothing
      const counts = { records, accepted, rejected, late }
      return { dataset, ...counts, watermark, windows: windowsOf(contract) }
    }),
    unasked: [...lags.values()].map((lag) => lag?.why ?? null).find((why) => why !== null) ?? null,
  }
}

const nothing = { records: 0, accepted: 0, rejected: 0, late: 0, watermark: null }

async function describedDatasets(place: ConsolePlace): Promise<Described[]> {
  const { described } = await outlookOf(place)
  return describedIn(await packagesIn(place.lake.store, described))
}

async function windowOf(place: ConsolePlace, asker: Asker, c: Context) {
  const { dataset, name } = askedIn(c, ofWindow)
  const all = await describedDatasets(place)
  const contract = all.find((one) => one.dataset === dataset)?.streamed
  const windows = contract?.stream?.windows ?? []
  const window = windows.find((one) => one.name === name)
  if (contract && window) return newestWindows(asker, contract, window, c.req.raw.signal)
  const there = windows.map((one) => one.name).join(', ') || 'none'
  throw new NotThere(`${dataset} has no window ${JSON.stringify(name)}; there is: ${there}`)
}
