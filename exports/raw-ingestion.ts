/**
 * Bronze → Postgres. `rawIngestion` makes the handler of events, which settles what waits for other
 * objects, too; `ingest` is its work on one object.
 *
 * @example
 * const lake = openLake('s3://my-lake')
 * const database = openDatabase({ url: process.env.DATABASE_URL })
 * await prepareLedger(database)
 * const handle = rawIngestion(lake, database, (outcome) => console.log(outcome.status))
 * const bucket = { name: 'my-lake' }
 * await handle({ source: 'aws.s3', detail: { bucket, object: { key: 'bronze/shop/orders.csv' } } })
 */
export { handler, rawIngestion } from '../functions/raw-ingestion/handler.ts'
export { ingest } from '../functions/raw-ingestion/ingest.ts'
