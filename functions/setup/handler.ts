import { join } from 'node:path'
import * as z from 'zod'
import { readConfig } from '../../core/config.ts'
import { openDatabase } from '../../core/database/open-database.ts'
import { openStore } from '../../core/store/object-store.ts'
import { putContracts, setUpDatabase } from './setup.ts'

/** What CDK's Provider framework sends for a custom resource; the rest of it is not needed. */
const request = z.object({ RequestType: z.enum(['Create', 'Update', 'Delete']) })

/** What lies in the bundle beside the function. */
const bundle = process.env.LAMBDA_TASK_ROOT ?? import.meta.dirname

/**
 * The Lambda function of the stack's custom resource: the database and the contracts are as the
 * bundle says when it returns. To delete the stack touches neither.
 *
 * @throws what keeps the stack from being set up; CloudFormation shows its message
 */
export async function handler(event: unknown) {
  const answer = { PhysicalResourceId: 'sluice-setup' }
  if (request.parse(event).RequestType === 'Delete') return answer
  const { lake, database } = readConfig()
  // A stack without a database is one that only writes Parquet.
  if (database.url ?? database.secret) await setUpDatabase(openDatabase(database), bundle)
  const put = await putContracts(openStore(lake), join(bundle, 'contracts'))
  return { ...answer, Data: { Contracts: String(put.length) } }
}
