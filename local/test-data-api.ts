import type { TestProject } from 'vitest/node'
import { installAwsS3 } from './data-api/aws-s3.ts'
import { DataApiEndpoint } from './data-api/endpoint.ts'
import { execute } from './one-statement.ts'
import startPostgres from './test-postgres.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** How databases are reached by the Data API, where tests are to do so. */
    dataApi: { endpoint: string; cluster: string; secret: string; template: string } | undefined
  }
}

/** From which every database of these tests is made. */
const template = 'sluice_aws_s3'

/** Gives the tests that need a database one that is reached by the Data API. */
export default async function (project: TestProject): Promise<() => Promise<void>> {
  const stop = await startPostgres(project)
  const server = project.getProvidedContext().databaseUrl
  const endpoint = await DataApiEndpoint.start(server)
  await execute(server, `DROP DATABASE IF EXISTS ${template}`)
  await execute(server, `CREATE DATABASE ${template} TEMPLATE template0`)
  const made = new URL(server)
  made.pathname = `/${template}`
  await installAwsS3(made.href, endpoint)
  const { url, cluster, secret } = endpoint
  project.provide('dataApi', { endpoint: url, cluster, secret, template })
  return async () => {
    await endpoint.close()
    await stop()
  }
}
