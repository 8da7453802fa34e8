import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import {
  describeInBrowser,
  files,
  openPage,
  seriousIn,
  startConsole,
  useBrowser,
} from '../browser.fixture.ts'

/** What a proposal says of the files that it is made of. */

describeInBrowser('a proposal', () => {
  useBrowser()

  it('says what it would reject, and why a column is a string', async () => {
    const key = 'bronze/cafe/sales.csv'
    files.put(key, 'sale_id,price\n1,1.5\n2\n3,2.5\n4,?\n5,3.5\n6,4.5\n')
    const page = await openPage(`${await startConsole()}/datasets`)
    const proposal = page.getByRole('region', { name: 'Proposal for cafe' })
    await proposal.getByText('6 records: 5 would be accepted, 1 rejected').waitFor()
    await proposal.getByText('missing-cell: 1 record, in line 3: 1 cells').waitFor()
    await proposal.getByText('1 of 5 values is no number, "?" in line 5').waitFor()
    expect(await seriousIn(page)).toEqual([])
    const file = 'bronze/cafe/datapackage.proposed.yaml'
    const text = readFileSync(join(files.folder, file), 'utf8')
    files.put(file, text.replace('type: string', 'type: number'))
    await proposal.getByText(`sluice plan ${key}`).waitFor()
    expect(await proposal.getByText('6 records').count()).toBe(0)
  })
})
