import { expect, it } from 'vitest'
import { describeInBrowser, files, openPage, startConsole, useBrowser } from './browser.fixture.ts'

/** A file without a contract, from its proposal to its rows. */

describeInBrowser('a held file', () => {
  useBrowser()

  it('is accepted as it was proposed, and loaded', async () => {
    files.put('bronze/cafe/sales.csv', 'sale_id,drink,price\n1,tea,3.50\n2,mocha,4.20\n')
    const page = await openPage(`${await startConsole()}/datasets`)
    const proposal = page.getByRole('region', { name: 'Proposal for cafe' })
    await proposal.waitFor()
    expect(await proposal.textContent()).toContain('sale_id')
    expect(await proposal.getByRole('link', { name: 'bronze/cafe/sales.csv' }).count()).toBe(1)
    await proposal.getByRole('button', { name: 'Accept…' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Accept', exact: true }).click()
    await page.getByRole('link', { name: 'cafe.sales' }).first().waitFor()
    await expect.poll(() => proposal.count()).toBe(0)
    await page.goto(new URL('/object?key=bronze/cafe/sales.csv', page.url()).href)
    await expect.poll(() => page.locator('main').textContent()).toMatch(/loaded.*2/)
  })

  it('whose proposal has changed meanwhile is not accepted unseen', async () => {
    files.put('bronze/cafe/sales.csv', 'sale_id,drink\n1,tea\n')
    const address = await startConsole()
    const page = await openPage(`${address}/datasets`)
    const proposal = page.getByRole('region', { name: 'Proposal for cafe' })
    await proposal.getByRole('button', { name: 'Accept…' }).click()
    files.put('bronze/cafe/staff.csv', 'name,since\nAna,2026-01-01\n')
    const asked = async () => (await fetch(`${address}/api/proposals`)).json()
    await expect
      .poll(async () => ((await asked()) as { files: string[] }[])[0]?.files.length)
      .toBe(2)
    const accept = page.getByRole('dialog').getByRole('button', { name: 'Accept', exact: true })
    // The page shows it by now, behind the question about the one before.
    await proposal.getByRole('link', { name: 'bronze/cafe/staff.csv' }).waitFor()
    await accept.click()
    await page.getByText(/the proposal has changed/).waitFor()
  })
})
