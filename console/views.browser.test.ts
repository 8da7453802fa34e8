import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { copySample } from '../local/sample.fixture.ts'
import {
  closeAll,
  database,
  describeInBrowser,
  files,
  openBrowser,
  openPage,
  seriousIn,
  startConsole,
} from './browser.fixture.ts'

/**
 * Every view over the sample that `npm start` loads, in light and dark, wide and on a phone. With
 * SLUICE_IMAGES=1 (`npm run images`) the pictures go to docs/img.
 */

const root = join(import.meta.dirname, '..')
const images = process.env.SLUICE_IMAGES ? join(root, 'docs/img') : join(tmpdir(), 'sluice-images')
const themes = ['light', 'dark'] as const

/** Of each view its address, and what it shows when it is there as a whole. */
const views: [name: string, path: string, there: (page: Page) => Promise<unknown>][] = [
  ['flow', '/', (page) => page.getByRole('link', { name: /orders\/2026-01\.csv/ }).waitFor()],
  [
    'object',
    '/object?key=bronze%2Fshop%2Forders%2F2026-01.csv',
    (page) => page.getByText('type-error').first().waitFor(),
  ],
  ['rejects', '/rejects', (page) => page.locator('mark').first().waitFor()],
  [
    'datasets',
    '/datasets',
    (page) => page.getByRole('region', { name: 'Proposal for cafe' }).waitFor(),
  ],
  ['dataset', '/dataset?name=shop.orders', (page) => page.locator('canvas').first().waitFor()],
  ['streams', '/streams', (page) => page.locator('canvas').first().waitFor()],
  [
    'sql',
    `/sql#${encodeURIComponent('FROM shop.orders')}`,
    (page) => page.getByRole('textbox', { name: 'SQL' }).waitFor(),
  ],
]

describeInBrowser('the views', () => {
  let address: string
  beforeAll(async () => {
    await openBrowser()
    mkdirSync(images, { recursive: true })
    copySample(join(files.folder, 'data'))
    files.put('data/bronze/cafe/sales.csv', 'sale_id,sold_at,drink,price\n1,2026-03-01,tea,3.50\n')
    address = await startConsole(join(files.folder, 'data'), database.url)
    // All has ended where the last object of the stream has.
    const page = await openPage(address)
    await page.getByText('540').first().waitFor({ timeout: 90_000 })
    await page.getByText(/^At rest, /).waitFor({ timeout: 90_000 })
    // The sums are those that README and `sluice status` tell.
    await page.getByText('12,318', { exact: true }).waitFor()
    await page.close()
  })
  afterAll(closeAll)

  for (const theme of themes) {
    it.each(views)(`%s, ${theme}: nothing serious is found, and it is drawn`, async (...view) => {
      const [name, path, there] = view
      const page = await openPage(address + path, { theme })
      await there(page)
      if (name === 'sql') await runQuery(page)
      expect(await seriousIn(page)).toEqual([])
      await page.screenshot({ path: join(images, `${name}-${theme}.png`) })
      await page.close()
    })
  }

  it.each(views)('%s can be read on a phone: nothing is wider than it', async (_, path, there) => {
    const page = await openPage(address + path, { width: 360, height: 740 })
    await there(page)
    const root = 'document.documentElement'
    const [wide, seen] = await page.evaluate<number[]>(`[${root}.scrollWidth, ${root}.clientWidth]`)
    expect(wide).toBe(seen)
    await page.close()
  })

  it('a page of rejects that is empty, and not the last, is gone on from', async () => {
    const page = await openPage(address)
    await page.route('**/api/rejects?*', (route, request) => {
      const url = new URL(request.url())
      if (!url.searchParams.has('cursor')) return route.fulfill({ json: { rows: [], next: 'on' } })
      url.searchParams.delete('cursor')
      return route.continue({ url: url.href })
    })
    await page.getByRole('link', { name: /^Rejects/ }).click()
    await page.locator('mark').first().waitFor()
    await page.close()
  })

  it('keys lead everywhere, and the focus goes with them', async () => {
    const page = await openPage(address)
    await page.getByRole('link', { name: /orders\/2026-01\.csv/ }).waitFor()
    await page.keyboard.press('/')
    expect(await page.evaluate(`document.activeElement.getAttribute('type')`)).toBe('search')
    await page.keyboard.type('2026-01')
    await expect.poll(() => page.locator('main tbody tr').count()).toBeLessThan(5)
    await page.keyboard.press('Escape')
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: /2026-01\.csv/ }).waitFor()
    for (const [key, heading] of [
      ['d', 'Datasets'],
      ['r', 'Rejects'],
      ['q', 'SQL'],
    ] as const) {
      await page.keyboard.press('g')
      await page.keyboard.press(key)
      await page.getByRole('heading', { name: heading, level: 1 }).waitFor()
    }
    await page.keyboard.press('?')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0)
    await page.close()
  })
})

async function runQuery(page: Page): Promise<void> {
  const box = page.getByRole('textbox', { name: 'SQL' })
  await box.fill(
    'SELECT payment, count(*) AS orders, sum(total) AS total\nFROM shop.orders GROUP BY 1',
  )
  await box.press('Control+Enter')
  await page.getByRole('cell', { name: 'boleto' }).waitFor()
}
