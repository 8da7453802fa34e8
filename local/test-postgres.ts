import * as fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { localPostgres, removeLocalPostgres } from './postgres.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    databaseUrl: string
  }
}

/** Gives the tests that need Postgres its url: DATABASE_URL, or that of a server of their own. */
export default async function (project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.DATABASE_URL
  if (given) {
    project.provide('databaseUrl', given)
    return async () => {}
  }
  const home = await fs.mkdtemp(join(tmpdir(), 'sluice-test-'))
  const server = await localPostgres(home, { durable: false })
  project.provide('databaseUrl', server.url)
  return async () => {
    await server.release()
    await removeLocalPostgres(home)
  }
}
