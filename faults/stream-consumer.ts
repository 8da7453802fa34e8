import { once } from 'node:events'
import { openLake } from '../core/lake.ts'
import { openStream } from '../core/stream/kinesis.ts'
import { StreamWorker } from '../local/worker-stream.ts'

/**
 * `node faults/stream-consumer.ts LAKE ENDPOINT STREAM` consumes a stream as the service of compose
 * does, until SIGTERM. Unlike `sluice start`, it asks nobody whether another one does so, too: on
 * AWS, where an invocation may be paused and another one takes over, nobody could be asked.
 */
const [lake = '', endpoint = '', name = ''] = process.argv.slice(2)
const worker = new StreamWorker(openLake(lake), openStream(name, { endpoint }))
await worker.start()
await once(process, 'SIGTERM')
await worker.stop()
process.exit(0)
