import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  closeAll,
  describeInBrowser,
  files,
  openBrowser,
  openPage,
  startConsole,
} from '../browser.fixture.ts'

const hostile = '<img src=x onerror="alert(1)">'
const descriptor = `name: cafe
resources:
  - name: sales
    path: sales.csv
    schema: {fields: [{name: id, type: integer}, {name: drink, type: string}], primaryKey: id}`

describeInBrowser('the box for SQL', () => {
  let address: string
  beforeAll(async () => {
    await openBrowser()
    files.put('bronze/cafe/datapackage.yaml', descriptor)
    files.put('bronze/cafe/sales.csv', `id,drink\n1,tea\n2,"${hostile.replaceAll('"', '""')}"\n`)
    address = await startConsole()
  })
  afterAll(closeAll)

  async function opened(sql: string): Promise<Page> {
    const page = await openPage(`${address}/sql#sql=${encodeURIComponent(sql)}`)
    // It is there once the file is loaded.
    const look = page.getByRole('button', { name: 'Look again' })
    const table = page.getByTitle('Write cafe.sales')
    const isThere = async () => {
      await look.click()
      return table.isVisible()
    }
    await expect.poll(isThere, wait).toBe(true)
    return page
  }
  const wait = { timeout: 30_000, interval: 200 }
  const run = (page: Page) => page.getByRole('button', { name: 'Run' }).click()
  const rows = (page: Page) => page.getByRole('region', { name: 'Rows' }).locator('tbody tr')
  const status = (page: Page) => page.getByLabel('Result').getByRole('status')

  test('tells nothing at all from an empty text, and hostile text is text', async () => {
    const page = await opened("SELECT id, drink, NULL AS n, '' AS e FROM cafe.sales ORDER BY id")
    await page.getByLabel('SQL', { exact: true }).press('Control+Enter')
    await rows(page).nth(1).waitFor()
    expect(await rows(page).nth(1).locator('td').allInnerTexts()).toEqual([
      '2',
      hostile,
      'NULL',
      'empty',
    ])
    expect(await rows(page).nth(0).locator('td').nth(0).getAttribute('data-kind')).toBe('number')
    expect(await status(page).textContent()).toMatch(/^2 rows in \d+ ms\.$/)
  })

  test('shows some hundred rows, more when asked for, and says that there are others', async () => {
    const page = await opened('SELECT range AS n FROM range(5000)')
    await run(page)
    await rows(page).nth(199).waitFor()
    expect(await rows(page).count()).toBe(200)
    await page.getByRole('button', { name: 'Show 200 more' }).click()
    expect(await rows(page).count()).toBe(400)
    expect(await status(page).textContent()).toMatch(
      /^The first 1,000 rows in .*: there are more\.$/,
    )
    const came = page.waitForEvent('download')
    await page.getByRole('button', { name: 'CSV' }).click()
    const lines = readFileSync(await (await came).path(), 'utf8')
      .trimEnd()
      .split(/\r?\n/)
    expect([lines[0], lines.length]).toEqual(['n', 5001])
  })

  test("tells DuckDB's error with the place below its line, and only reads", async () => {
    const page = await opened('SELECT wrong FROM cafe.sales')
    await run(page)
    const told = ((await page.getByRole('alert').textContent()) ?? '').split('\n')
    const line = told.findIndex((one) => one.startsWith('LINE 1: '))
    expect(told[line]!.indexOf('wrong')).toBe(told[line + 1]!.indexOf('^'))
    const box = page.getByLabel('SQL', { exact: true })
    await box.fill('FROM cafe.nothing')
    await run(page)
    await page.getByText(/Table with name nothing does not exist/).waitFor()
    await box.fill('DROP TABLE cafe.sales')
    await run(page)
    await page.getByText(/one statement that only reads/).waitFor()
  })

  test('gives up a query that is cancelled, and runs the next', async () => {
    const page = await opened(
      'SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range * b.range % 7 = 3',
    )
    await run(page)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('The query was given up.').waitFor()
    await page.getByLabel('SQL', { exact: true }).fill('SELECT 1 AS one')
    await run(page)
    await rows(page).nth(0).waitFor()
  })

  test('writes a name where the cursor is; Tab leads on; queries are kept and shared', async () => {
    const page = await opened('SELECT count(*) FROM ')
    const box = page.getByLabel('SQL', { exact: true })
    await box.press('Control+End')
    await page.getByTitle('Write cafe.sales').click()
    expect(await box.inputValue()).toBe('SELECT count(*) FROM cafe.sales')
    await box.press('Tab')
    expect(await box.evaluate((one) => one === document.activeElement)).toBe(false)
    await page.evaluate(() => history.replaceState(null, '', '/sql'))
    await run(page)
    await rows(page).nth(0).waitFor()
    expect(page.url()).not.toContain('#')
    await page.getByRole('button', { name: 'Share' }).click()
    await expect.poll(() => page.url()).toContain('#sql=SELECT%20count')
    await page.goto(page.url().replace(/#.*/, ''))
    await page.reload()
    await page.getByRole('button', { name: 'SELECT count(*) FROM cafe.sales' }).click()
    expect(await box.inputValue()).toBe('SELECT count(*) FROM cafe.sales')
  })

  test('draws columns that one chooses; the figures are a table, too', async () => {
    const page = await opened("SELECT * FROM (VALUES ('a', 1, 10), ('b', 2, 20)) AS t(name, x, y)")
    await run(page)
    await page.getByRole('button', { name: 'Chart', exact: true }).click()
    await page.getByRole('img', { name: 'x by name: bars of x' }).waitFor()
    await page.getByLabel('y', { exact: true }).check()
    await page.getByLabel('Drawn as').selectOption('Lines')
    await page.getByRole('img', { name: 'x, y by name: lines of x, y' }).waitFor()
    await page.getByRole('button', { name: 'Show as table' }).click()
    const figures = page.getByRole('table', { name: 'x, y by name' }).locator('tbody tr')
    expect(await figures.allInnerTexts()).toEqual(['a\t1\t10', 'b\t2\t20'])
  })
})
