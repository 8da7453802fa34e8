import { once } from 'node:events'
import { join } from 'node:path'
import { openDatabase } from '../core/database/open-database.ts'
import { prepareLedger } from '../core/database/prepare-ledger.ts'
import { untilThere } from '../core/database/until-there.ts'
import type { Deadline } from '../core/deadline.ts'
import { type Lake, openLake } from '../core/lake.ts'
import { logFault, logOutcome, logWarning } from '../core/log.ts'
import type { Outcome } from '../core/outcome.ts'
import { openQueue, type Queue } from '../core/queue.ts'
import { openStream } from '../core/stream/kinesis.ts'
import { rawIngestion } from '../functions/raw-ingestion/handler.ts'
import { silver } from '../functions/silver/handler.ts'
import { publisher } from '../functions/streaming/handler.ts'
import { publish, rawIngestion as rawShape, silver as silverShape } from '../infra/shape.ts'
import { startKinesis } from './kinesis.ts'
import { OWN_STREAM, takeTurn } from './stream-turn.ts'
import { FolderWorker } from './worker-folder.ts'
import { beat, notYet } from './worker-health.ts'
import { QueueWorker } from './worker-queue.ts'
import { readWorkerSettings, type WorkerSettings } from './worker-settings.ts'
import { onMade, StreamWorker } from './worker-stream.ts'

/**
 * `node worker.mjs <service>`: a container of docker compose. It is to the functions what Lambda,
 * its event source mappings and schedules are on AWS: a loop of poll → handler → delete or answer,
 * over two lakes that never mix, a mounted folder and a bucket.
 */

/** Brings a handler its events. */
interface Source {
  /** Resolves when it can miss nothing any more. */
  start(): Promise<void>
  /** Takes nothing more; resolves when what is in hand has ended. */
  stop(): Promise<void>
}

/** What a service is started with. */
interface Place extends WorkerSettings {
  stop: AbortSignal
}

type ObjectHandler = (event: unknown, deadline?: Deadline) => ReturnType<ReturnType<typeof silver>>
/** A handler of a lake's objects. */
type Make = (lake: Lake, report: (outcome: Outcome) => void, queue?: Queue) => ObjectHandler

const services: Record<string, (place: Place) => Promise<Source[]>> = {
  async 'raw-ingestion'(place) {
    const database = openDatabase({ url: place.database })
    await untilThere(() => prepareLedger(database), { seconds: 0, stop: place.stop })
    const make: Make = (lake, report, queue) => rawIngestion(lake, database, report, queue)
    return objectSources(place, rawShape, 'raw-ingestion', make)
  },

  async silver(place) {
    return objectSources(place, silverShape, 'silver', silver)
  },

  async publisher(place) {
    const make: Make = (lake, report, queue) => {
      const endpoint = lake.store.url.startsWith('file:') ? place.folderStream : undefined
      const stream = openStream(place.stream ?? OWN_STREAM, endpoint ? { endpoint } : {})
      return publisher(lake, stream, report, undefined, queue)
    }
    const sources = objectSources(place, publish, 'streaming', make)
    const [folder] = sources
    if (place.folderStream && folder instanceof FolderWorker) {
      // What was on its way in a stream that is gone is sent once more; it may have gone unseen.
      const stream = openStream(OWN_STREAM, { endpoint: place.folderStream })
      void onMade(stream, place.stop, () => folder.again())
    }
    return sources
  },

  async streaming(place) {
    const sources: Source[] = []
    if (place.folder) sources.push(await folderStream(place, place.folder))
    if (place.bucket && place.stream) {
      sources.push(new StreamWorker(openLake(place.bucket), openStream(place.stream)))
    }
    return sources
  },
}

function objectSources(
  place: Place,
  shape: { prefixes: string[] },
  stage: Outcome['stage'],
  make: Make,
): Source[] {
  const { folder, bucket, queue, width } = place
  const sources: Source[] = []
  const { prefixes } = shape
  if (folder) {
    const lake = openLake(folder)
    const handler: FolderOptions['handler'] = (report) => make(lake, report)
    // Streams want their rows in the order of time, as far as it can be had.
    const shared = stage !== 'streaming'
    const of = { stage, store: lake.store, folder, prefixes }
    sources.push(new FolderWorker({ ...of, handler, width, most: shared ? 32 : 1, shared }))
  }
  if (bucket && queue) {
    const handler = make(openLake(bucket), logOutcome, openQueue())
    const report = (message: string, fault?: unknown) => logWarning(message, fault as Error)
    // An emulator goes on with a look that was given up, and hides what it finds for a while.
    sources.push(new QueueWorker({ queue, handler, width, report, wait: 2 }))
  }
  return sources
}

type FolderOptions = ConstructorParameters<typeof FolderWorker>[0]

/** One process streams a folder at a time, as each brings a stream of its own. */
async function folderStream({ port, stop }: Place, folder: string): Promise<Source> {
  const say = (text: string) => process.stderr.write(`${text}\n`)
  const release = await takeTurn(join(folder, '.sluice'), stop, say)
  const kinesis = await startKinesis(OWN_STREAM, { host: '0.0.0.0', port })
  void kinesis.died.then((error) => {
    throw error
  })
  const { endpoint } = kinesis
  const worker = new StreamWorker(openLake(folder), openStream(OWN_STREAM, { endpoint }))
  return {
    start: () => worker.start(),
    async stop() {
      await worker.stop()
      await kinesis.stop()
      release()
    },
  }
}

/** The first signal lets what is in hand end; the second one ends at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => (stop.signal.aborted ? process.exit(130) : stop.abort()))
  }
  return stop.signal
}

async function main(name = ''): Promise<void> {
  const service = services[name]
  if (!service) {
    const all = Object.keys(services).join(' | ')
    throw new Error(`the argument must be one of ${all}; found ${JSON.stringify(name)}`)
  }
  notYet()
  const stop = stopSignal()
  const sources = await service({ ...readWorkerSettings(), stop }).catch((fault: unknown) => {
    // It was stopped while it waited for something.
    if (stop.aborted) return []
    throw fault
  })
  await Promise.all(sources.map((source) => source.start()))
  const quiet = beat()
  if (!stop.aborted) await once(stop, 'abort')
  quiet()
  await Promise.all(sources.map((source) => source.stop()))
}

await main(process.argv[2]).then(
  () => process.exit(0),
  (fault: unknown) => {
    logFault('the worker cannot go on', fault)
    process.exit(1)
  },
)
