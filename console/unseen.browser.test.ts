import { expect, it } from 'vitest'
import {
  database,
  describeInBrowser,
  files,
  openPage,
  seriousIn,
  startConsole,
  useBrowser,
} from './browser.fixture.ts'

/** A file that lies in the lake while nobody loads it. */

describeInBrowser('a file that no stage has looked at', () => {
  useBrowser()

  it('says so on its page, and what takes it', async () => {
    files.put('bronze/cafe/sales.csv', 'sale_id,drink\n1,tea\n')
    const address = await startConsole(files.folder, database.url, 'console')
    const page = await openPage(`${address}/object?key=bronze/cafe/sales.csv`)
    await page.getByText('This file is not taken yet: Postgres.').waitFor()
    const command = page.getByText('sluice ingest bronze/cafe/sales.csv')
    expect(await command.count()).toBe(1)
    expect(await seriousIn(page)).toEqual([])
  })
})
