import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseOutline } from '../core/contract/descriptor.ts'
import { preview } from '../core/preview/preview.ts'
import { ingest } from '../functions/raw-ingestion/ingest.ts'
import { TestLake, TestRaw } from '../functions/stages.fixture.ts'
import { freshDatabase } from '../local/fresh-database.ts'

/** What is planned is what happens: every case of core/corpus is planned, then loaded. */

const corpus = join(import.meta.dirname, '../core/corpus')
const names = readdirSync(corpus).filter((name) => name !== 'packages')

let server: Awaited<ReturnType<typeof freshDatabase>>
let raw: TestRaw
const files = new TestLake()
beforeAll(async () => {
  server = await freshDatabase()
  raw = await TestRaw.open(files.lake, server.url)
})
afterAll(async () => {
  await raw.database.end()
  await server.drop()
  files.close()
})

const words = { load: 'loaded', refuse: 'refused', hold: 'held' } as Record<string, string>

test.each(names)('%s', async (name) => {
  const folder = `bronze/c${names.indexOf(name)}`
  cpSync(join(corpus, name), join(files.folder, folder), { recursive: true })
  const descriptor = readFileSync(join(corpus, name, 'datapackage.yaml'), 'utf8')
  const path = pathOf(descriptor)
  if (path === undefined) return
  const version = (await files.lake.store.head(`${folder}/${path}`))!
  const planned = await preview(files.lake, raw.database, { version })
  const done = (await ingest(files.lake, raw.database, version.key))!
  const { status, reason, records, accepted, rejected, waiting } = done
  const counts = planned.would === 'refuse' ? {} : { records, accepted, rejected, waiting }
  expect({ ...planned, status: words[planned.would] }).toMatchObject({ status, reason, ...counts })
})

/** Of the first resource; undefined where the descriptor is broken. */
function pathOf(text: string): string | undefined {
  try {
    return parseOutline(text, 'datapackage.yaml').resources[0]?.path?.[0]
  } catch {
    return undefined
  }
}
