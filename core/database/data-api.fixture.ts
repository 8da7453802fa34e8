import { installAwsS3 } from '../../local/data-api/aws-s3.ts'
import { DataApiEndpoint, type Limits } from '../../local/data-api/endpoint.ts'
import { freshDatabase } from '../../local/fresh-database.ts'
import { openUrl } from './open-database.ts'

/**
 * A new database that is reached by a Data API of ours, which keeps AWS' limits, or others, and
 * whose faults are for the test to say.
 */
export async function openApi(limits: Partial<Limits> = {}) {
  const fresh = await freshDatabase()
  const endpoint = await DataApiEndpoint.start(fresh.url, { limits })
  await installAwsS3(fresh.url, endpoint)
  const open = () => openUrl(endpoint.urlOf(new URL(fresh.url).pathname.slice(1)))
  const database = open()
  return {
    endpoint,
    database,
    /** By a client of its own. */
    open,
    async close() {
      await database.end()
      await endpoint.close()
      await fresh.drop()
    },
  }
}
