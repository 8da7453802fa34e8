/**
 * Where rows go: a Postgres by its URL, or Aurora's Data API. `prepareLedger` makes the tables that
 * the stages keep their accounts in, once for each database.
 */
export type { Database, Transaction } from '../core/database/database.ts'
export { type Named, openDatabase } from '../core/database/open-database.ts'
export { prepareLedger } from '../core/database/prepare-ledger.ts'
