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

  it('is not pointed to where there is none: why, and what to do, is said instead', async () => {
    files.put('bronze/eu/cafe/empty.csv', '')
    const why =
      'no contract names it, and none is proposed: source-error: the object is empty; mend the ' +
      'file, or describe it as a resource in bronze/eu/cafe/datapackage.yaml'
    const address = await startConsole()
    const page = await openPage(`${address}/object?key=bronze/eu/cafe/empty.csv`)
    await page.getByText(why).first().waitFor()
    expect(await page.getByRole('link', { name: 'See the proposed contract' }).count()).toBe(0)
    await page.goto(`${address}/datasets`)
    const none = page.getByRole('region', { name: 'No proposal for eu/cafe' })
    await none.getByText(why).waitFor()
    expect(await none.getByRole('button').count()).toBe(0)
    files.put('bronze/eu/cafe/sales.csv', 'id\n1\n')
    const proposal = page.getByRole('region', { name: 'Proposal for eu/cafe', exact: true })
    await proposal.getByText(why).waitFor()
    await proposal.getByRole('button', { name: 'Accept…' }).waitFor()
    await page.goto(`${address}/object?key=bronze/eu/cafe/sales.csv`)
    await page.getByRole('link', { name: 'See the proposed contract' }).waitFor()
  })
})
