import { RDSData } from '@aws-sdk/client-rds-data'
import { freshDatabase } from '../fresh-database.ts'
import { DataApiEndpoint, type Limits } from './endpoint.ts'

type Execute = Parameters<RDSData['executeStatement']>[0]

/**
 * An endpoint over a new database, and the SDK's client for it, which tries nothing again.
 *
 * @param options `limits` other than AWS', and where the database comes from
 */
export async function openEndpoint({
  fresh: makeFresh = freshDatabase,
  ...options
}: {
  limits?: Partial<Limits>
  fresh?: typeof freshDatabase
} = {}) {
  const fresh = await makeFresh()
  const endpoint = await DataApiEndpoint.start(fresh.url, options)
  const client = new RDSData({
    endpoint: endpoint.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  })
  const place = { resourceArn: endpoint.cluster, secretArn: endpoint.secret }
  const where = { ...place, database: new URL(fresh.url).pathname.slice(1) }
  return {
    endpoint,
    client,
    place,
    where,
    url: fresh.url,
    run: (sql: string, more: Partial<Execute> = {}) =>
      client.executeStatement({ ...where, sql, ...more }),
    begin: async () => (await client.beginTransaction(where)).transactionId!,
    commit: (transactionId: string) => client.commitTransaction({ ...place, transactionId }),
    rollBack: (transactionId: string) => client.rollbackTransaction({ ...place, transactionId }),
    close: async () => {
      client.destroy()
      await endpoint.close()
      await fresh.drop()
    },
  }
}
