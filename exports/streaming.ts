/**
 * Objects → Kinesis → Parquet and windows. `publisher` and `streaming` make the handlers of events,
 * of objects and of records of a stream; `publish` and `append` are their work on one object and
 * one batch. `openStream` is the client of a stream that they want.
 */

export type { Appended } from '../core/outcome.ts'
export { openStream, type StreamClient } from '../core/stream/kinesis.ts'
export { append, type Batch } from '../functions/streaming/append.ts'
export {
  handler,
  publisher,
  publishHandler,
  type StreamReport,
  streaming,
} from '../functions/streaming/handler.ts'
export { publish } from '../functions/streaming/publish.ts'
