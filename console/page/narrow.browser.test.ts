import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { copySample } from '../../local/sample.fixture.ts'
import {
  closeAll,
  database,
  describeInBrowser,
  files,
  openBrowser,
  openPage,
  seriousIn,
  startConsole,
} from '../browser.fixture.ts'

/** What of a view is cut: each box that is narrower than what lies in it. */
const cutIn = (page: Page) =>
  page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll('.table, .tabs, .views')]
      .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1)
      .map((element) => `${element.className} ${element.getAttribute('aria-label')}`),
  )

const views: [name: string, path: string, there: (page: Page) => Promise<unknown>][] = [
  ['flow', '/', (page) => page.getByRole('link', { name: /receipts.*0930/ }).waitFor()],
  [
    'object',
    '/object?key=bronze%2Fshop%2Forders%2F2026-01.csv',
    (page) => page.getByText('Parquet').first().waitFor(),
  ],
  ['rejects', '/rejects', (page) => page.locator('mark').first().waitFor()],
  ['datasets', '/datasets', (page) => page.getByRole('link', { name: 'till.receipts' }).waitFor()],
  ['dataset', '/dataset?name=shop.orders', (page) => page.locator('canvas').first().waitFor()],
  ['streams', '/streams', (page) => page.getByText('shardId-000000000000').first().waitFor()],
]

describeInBrowser('where there is little room', () => {
  let address: string
  beforeAll(async () => {
    await openBrowser()
    copySample(join(files.folder, 'data'))
    address = await startConsole(join(files.folder, 'data'), database.url)
    const page = await openPage(address)
    await page.getByText('540').first().waitFor({ timeout: 90_000 })
    await page.getByText(/^At rest, /).waitFor({ timeout: 90_000 })
    await page.close()
  })
  afterAll(closeAll)

  it.each(views)('nothing of %s is cut, whatever the width', async (_, path, there) => {
    const page = await openPage(address + path, { width: 1280 })
    await there(page)
    for (const width of [1024, 768, 360]) {
      await page.setViewportSize({ width, height: 800 })
      await expect.poll(() => cutIn(page), { message: `${width} pixels` }).toEqual([])
    }
    expect(await seriousIn(page)).toEqual([])
    await page.close()
  })

  it('a table is cards only as long as there is no room for it', async () => {
    const page = await openPage(address, { width: 768 })
    const table = page.getByRole('region', { name: 'Objects, newest end first' })
    await table.waitFor()
    const isCards = () => table.evaluate((element) => 'cards' in (element as HTMLElement).dataset)
    await expect.poll(isCards).toBe(true)
    await page.setViewportSize({ width: 1280, height: 800 })
    await expect.poll(isCards).toBe(false)
    await page.setViewportSize({ width: 360, height: 800 })
    await expect.poll(isCards).toBe(true)
    await page.close()
  })
})
