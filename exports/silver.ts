/** Bronze → Parquet. `silver` makes the handler of events; `refine` is its work on one object. */
export { handler, silver } from '../functions/silver/handler.ts'
export { refine } from '../functions/silver/refine.ts'
