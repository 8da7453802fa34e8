import { describe, expect, test } from 'vitest'
import { freshDatabase } from '../local/fresh-database.ts'
import { typePage } from './run.fixture.ts'
import { typed } from './typed.fixture.ts'

/**
 * Pages as a reader types them, line by line, and what they show of the output. Those that begin
 * with the lake's own Postgres have it; the others take one of the test's, which is there at once.
 */
/** Each has its programs beside those of the others: on a busy machine it takes its time. */
const timeout = 300_000

describe.concurrent('what a page shows, comes', { timeout }, () => {
  test.each(Object.entries(typed))('%s', async (page, { clone, database, before }) => {
    const given = database === 'given' ? await freshDatabase() : undefined
    try {
      const variables = { DATABASE_URL: given?.url }
      expect(await typePage(page, { clone, before, variables })).toEqual([])
    } finally {
      await given?.drop()
    }
  })
})
