import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { resource } from '../../functions/stages.fixture.ts'
import {
  describeInBrowser,
  dropFiles,
  files,
  openPage,
  seriousIn,
  startConsole,
  useBrowser,
} from '../browser.fixture.ts'

const orders = resource('orders', ['id:integer'], { primaryKey: 'id' }, { files: 'orders/*.csv' })

describeInBrowser('before a file is sent', () => {
  useBrowser()

  it('it is told where it goes, who takes it, what it would replace; by keys', async () => {
    files.describe('shop', orders)
    files.put('bronze/shop/orders/april.csv', 'id\n1\n')
    const page = await openPage(await startConsole())
    await page.getByRole('link', { name: 'bronze/shop/orders/april.csv' }).waitFor()
    await dropFiles(page, ['april.csv', 'id\n7\n'])
    const dialog = page.getByRole('dialog')
    // The one package there is was chosen, and no contract of it names the file there.
    await dialog.getByText(/^It would be held: no contract names it/).waitFor()
    expect(existsSync(join(files.folder, 'bronze/shop/april.csv'))).toBe(false)
    expect(await seriousIn(page)).toEqual([])

    const offer = dialog.getByRole('button', { name: 'orders/april.csv → shop.orders' })
    await offer.focus()
    await page.keyboard.press('Enter')
    await dialog.getByText('shop.orders takes it, into Postgres and Silver.').waitFor()
    await dialog.getByText(/^A file of 5 B has this key already/).waitFor()
    expect(await dialog.getByLabel(/^Name of april/).inputValue()).toBe('orders/april.csv')

    // Another name is free; what is typed is told of once it rests.
    await dialog.getByLabel(/^Name of april/).fill('orders/may.csv')
    await expect.poll(() => dialog.getByText(/has this key already/).count()).toBe(0)
    await dialog.getByText('shop.orders takes it, into Postgres and Silver.').waitFor()
    await dialog.getByLabel(/^Name of april/).fill('orders/may.zip')
    await dialog.getByText(/\.zip is not read/).waitFor()
    await dialog.getByLabel(/^Name of april/).fill('orders/may.csv')
    await dialog.getByText('shop.orders takes it, into Postgres and Silver.').waitFor()
    await page.keyboard.press('Enter')
    await dialog.getByText('1 records: 1 accepted').first().waitFor()
    expect(existsSync(join(files.folder, 'bronze/shop/orders/may.csv'))).toBe(true)
  })
})
