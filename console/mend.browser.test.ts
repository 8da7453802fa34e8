import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { execute } from '../local/one-statement.ts'
import {
  database,
  describeInBrowser,
  dropFiles,
  files,
  openPage,
  startConsole,
  useBrowser,
} from './browser.fixture.ts'

/** What somebody does who drops a file with mistakes: from the drop to the last row mended. */

const orders = {
  name: 'orders',
  path: 'orders.csv',
  schema: {
    fields: [
      { name: 'id', type: 'integer' },
      { name: 'total', type: 'number', sluice: { decimal: [8, 2] }, constraints: { minimum: 0 } },
      { name: 'note', type: 'string' },
    ],
    primaryKey: 'id',
  },
  sluice: { files: '*.csv' },
}
const january = 'id,total,note\n1,10.00,fine\n2,3.456,too exact\n3,-1,below nothing\n4,7,fine\n'

/** A figure among those above the stages. */
const total = (page: Page, label: string) =>
  page.locator('dl.totals > div', { hasText: label }).locator('dd')

async function drop(page: Page, name: string, text: string, folder = 'shop'): Promise<void> {
  await dropFiles(page, [name, text])
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(/^Package/).fill(folder)
  await dialog.getByRole('button', { name: /^Add it/ }).click()
}

describeInBrowser('a file with mistakes', () => {
  useBrowser()

  it('is dropped, lands, tells its rejects; one is mended, and the counts change', async () => {
    files.describe('shop', orders)
    const page = await openPage(await startConsole())
    await drop(page, 'january.csv', january)
    const dialog = page.getByRole('dialog')
    await dialog.getByText('4 records: 2 accepted, 2 rejected').first().waitFor()
    await dialog.getByRole('link', { name: 'Its rejects' }).click()

    // Each as it came, the cell that is wrong marked, and every error of it.
    await page.getByRole('heading', { name: 'Rejects', level: 1 }).waitFor()
    const list = page.getByRole('region', { name: 'Rejected records' })
    const exact = list.getByRole('listitem').filter({ hasText: '2,3.456,too exact' }).first()
    await exact.waitFor()
    expect(await exact.locator('mark').allInnerTexts()).toEqual(['3.456'])
    const below = list.getByRole('listitem').filter({ hasText: '3,-1,below nothing' }).first()
    expect(await below.getByRole('list', { name: 'Errors' }).textContent()).toContain('minimum')

    // A mend that is none is told, and the record stays.
    await exact.getByRole('button', { name: 'Mend record 2' }).click()
    await exact.getByLabel('total').fill('3.4567')
    await exact.getByRole('button', { name: 'Replay' }).click()
    await exact.getByText('It stays rejected.').waitFor()
    await exact.getByLabel('total').fill('3.46')
    await exact.getByRole('button', { name: 'Replay' }).click()
    await exact.getByText(/^It went/).waitFor()

    await page.getByRole('link', { name: /^Flow/ }).click()
    await expect.poll(() => total(page, 'Mended').textContent()).toBe('1')
    expect(await total(page, 'Rejected').textContent()).toBe('1')
    // The row stands in the table: else this throws.
    await execute(
      database.url,
      `DO $$ BEGIN ASSERT (SELECT total FROM shop.orders WHERE id = 2) = 3.46;
      ASSERT (SELECT count(*) FROM shop.orders) = 3; END $$`,
    )
  })

  it('its rejects are downloaded, mended in a file, and replayed', async () => {
    files.describe('shop', orders)
    files.put('bronze/shop/january.csv', january)
    const page = await openPage(`${await startConsole()}/rejects?dataset=shop.orders`)
    await page.getByText('2,3.456,too exact').waitFor()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download shop.orders as CSV' }).click(),
    ])
    const fix = await textOf(download)
    const buffer = Buffer.from(fix.replace(/3\.456,too exact\r?$/m, '3.46,rounded by hand'))
    const chosen = page.waitForEvent('filechooser')
    await page
      .getByText(/Replay a mended CSV|Replay a file/)
      .first()
      .click()
    await (await chosen).setFiles({ name: 'fix.csv', mimeType: 'text/csv', buffer })
    await page.getByText(/1 went, 1 was as before|1 went, 1 stays/).waitFor()
    await execute(
      database.url,
      `DO $$ BEGIN
      FOR i IN 1..100 LOOP
        EXIT WHEN EXISTS (SELECT FROM shop.orders WHERE id = 2);
        PERFORM pg_sleep(0.1);
      END LOOP;
      ASSERT (SELECT total FROM shop.orders WHERE id = 2) = 3.46; END $$`,
    )
  })

  it('a second drop under the same name asks first, and then takes its place', async () => {
    files.describe('shop', orders)
    files.put('bronze/shop/january.csv', january)
    const page = await openPage(await startConsole())
    const history = page.getByRole('region', { name: 'History' })
    await history.getByRole('link', { name: 'bronze/shop/january.csv' }).waitFor()
    await drop(page, 'january.csv', 'id,total,note\n9,1,anew\n')
    const dialog = page.getByRole('dialog')
    await dialog.getByText(/another file has this name/).waitFor()
    await dialog.getByRole('button', { name: 'Replace it' }).click()
    // In both stages: Silver may be there before Postgres is.
    await expect.poll(() => dialog.getByText('1 records: 1 accepted').count()).toBe(2)
    await execute(
      database.url,
      `DO $$ BEGIN
      FOR i IN 1..100 LOOP
        EXIT WHEN EXISTS (SELECT FROM shop.orders WHERE id = 9);
        PERFORM pg_sleep(0.1);
      END LOOP;
      ASSERT (SELECT count(*) FROM shop.orders WHERE id = 9) = 1;
      ASSERT (SELECT count(*) FROM shop.orders) = 1; END $$`,
    )
  })
})

async function textOf(download: import('playwright-core').Download): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of await download.createReadStream()) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString()
}
