import { emptied, TestLake, TestRaw } from '../functions/stages.fixture.ts'
import { installAwsS3 } from '../local/data-api/aws-s3.ts'
import { DataApiEndpoint, type Limits } from '../local/data-api/endpoint.ts'
import { freshDatabase } from '../local/fresh-database.ts'

/** A lake, and a database that is reached through an endpoint whose faults we choose. */
export async function openPlace(limits: Partial<Limits> = {}) {
  const fresh = await freshDatabase()
  const endpoint = await DataApiEndpoint.start(fresh.url, { limits })
  await installAwsS3(fresh.url, endpoint)
  const url = endpoint.urlOf(new URL(fresh.url).pathname.slice(1))
  const files = new TestLake()
  const raw = await TestRaw.open(files.lake, url)
  return {
    endpoint,
    files,
    raw,
    /** By Postgres' own protocol. */
    direct: fresh.url,
    empty: () => emptied(url),
    /** Keys below `staging/`. */
    async staged(): Promise<string[]> {
      const found: string[] = []
      for await (const { key } of files.lake.store.list('staging/')) found.push(key)
      return found
    },
    async close() {
      await raw.database.end()
      await endpoint.close()
      await fresh.drop()
      files.close()
    },
  }
}
