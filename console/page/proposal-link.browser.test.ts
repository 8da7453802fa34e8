import type { Locator } from 'playwright-core'
import { expect, it } from 'vitest'
import { resource } from '../../functions/stages.fixture.ts'
import { describeInBrowser, files, openPage, startConsole, useBrowser } from '../browser.fixture.ts'

/** It is in sight, and keys go on from there. */
async function leadsTo(panel: Locator): Promise<void> {
  await panel.waitFor()
  const place = (element: Element) => {
    const { top } = element.getBoundingClientRect()
    const isSeen = top >= 0 && top < innerHeight - 100
    return { isSeen, hasFocus: document.activeElement === element.parentElement }
  }
  await expect.poll(() => panel.evaluate(place)).toEqual({ isSeen: true, hasFocus: true })
}

describeInBrowser('a held object', () => {
  useBrowser()

  it('leads to its own proposal: from its row in Flow, and from its page', async () => {
    // So many datasets that what is proposed lies far below them.
    const tables = Array.from({ length: 40 }, (_, at) => resource(`t${at}`, ['id']))
    files.describe('p', ...tables)
    files.put('bronze/cafe/sales.csv', 'sale_id,drink\n1,tea\n')
    files.put('bronze/eu/cafe/sales.csv', 'sale_id,drink\n1,tea\n')
    const address = await startConsole()
    const page = await openPage(address)
    const row = page.getByRole('row', { name: /bronze\/eu\/cafe\/sales\.csv/ })
    await row.getByRole('link', { name: 'See the proposed contract' }).click()
    await leadsTo(page.getByRole('region', { name: 'Proposal for eu/cafe' }))

    await page.goto(`${address}/object?key=${encodeURIComponent('bronze/cafe/sales.csv')}`)
    await page.getByRole('link', { name: 'See the proposed contract' }).first().click()
    await leadsTo(page.getByRole('region', { name: 'Proposal for cafe', exact: true }))
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByRole('button', { name: 'Accept', exact: true }).waitFor()
  })

  it('whose proposal is no more: that is told', async () => {
    const page = await openPage(`${await startConsole()}/datasets?proposal=gone`)
    await page.getByText(/^Nothing is proposed for gone: it was accepted/).waitFor()
  })
})
