import { expect, test } from 'vitest'
import {
  describeInBrowser,
  files,
  openPage,
  panel,
  seriousIn,
  startConsole,
  useBrowser,
} from '../browser.fixture.ts'

const hostile = '<img src=x onerror="alert(1)">'
const descriptor = `name: cafe
resources:
  - name: sales
    path: sales/1.csv
    schema: {fields: [{name: id, type: integer}, {name: price, type: number}], primaryKey: id}
    sluice: {files: "sales/*.csv"}`

describeInBrowser('datasets', () => {
  useBrowser()

  test('a proposal is shown, accepted, and followed until its file is loaded', async () => {
    files.put('bronze/tea/leaves.csv', `id,"${hostile.replaceAll('"', '""')}"\n1,x\n`)
    const page = await openPage(`${await startConsole()}/datasets#held`)
    const proposal = panel(page, 'Proposal for tea')
    await proposal.waitFor()
    expect(await proposal.locator('ins').allInnerTexts()).toContainEqual(
      expect.stringContaining(hostile),
    )
    expect(await proposal.locator('ins').first().textContent()).toMatch(/^\+\s*name: tea$/)
    expect(await proposal.getByRole('link', { name: 'bronze/tea/leaves.csv' }).count()).toBe(1)
    expect(await seriousIn(page)).toEqual([])
    await proposal.getByRole('button', { name: 'Accept' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Accept' }).click()
    const accepted = panel(page, 'Accepted: bronze/tea/datapackage.yaml')
    await accepted.getByText('All its files have been looked at again.').waitFor()
    await accepted.getByText('Postgres loaded 1 accepted').waitFor()
    await page.getByRole('link', { name: 'tea.leaves' }).waitFor()
    expect(await proposal.count()).toBe(0)
  })

  test('a proposal that has changed is not accepted unseen', async () => {
    files.put('bronze/tea/leaves.csv', 'id\n1\n')
    const page = await openPage(`${await startConsole()}/datasets`)
    const proposal = panel(page, 'Proposal for tea')
    await proposal.getByRole('button', { name: 'Accept' }).click()
    // Another file is held before it is confirmed; the page is not told of it.
    await page.route('**/api/proposals', (route) => route.abort())
    files.put('bronze/tea/pots.csv', 'size\n2\n')
    const proposed = async () => {
      const found = await files.lake.store.get('bronze/tea/datapackage.proposed.yaml')
      return found?.body.toString()
    }
    await expect.poll(proposed, { timeout: 30_000 }).toContain('pots')
    await page.unroute('**/api/proposals')
    await page.getByRole('dialog').getByRole('button', { name: 'Accept' }).click()
    await proposal.getByText('Nothing was accepted, as the proposal has changed').waitFor()
    await proposal.getByText('pots.csv').first().waitFor()
  })

  test('its quality is drawn, and a bar, or its figure, leads to its object', async () => {
    files.put('bronze/cafe/datapackage.yaml', descriptor)
    files.put('bronze/cafe/sales/1.csv', 'id,price\n1,x\n2,2\n2,3\n')
    const page = await openPage(`${await startConsole()}/dataset?name=cafe.sales`)
    const quality = panel(page, 'Quality over time')
    const drawing = quality.getByRole('img')
    await drawing.waitFor()
    expect(await quality.getByText('not accepted 66.7 %').count()).toBe(1)
    await quality.getByLabel('What is drawn').selectOption('Errors by rule')
    await quality.getByText('type-error 1').waitFor()
    await quality.getByText('primary-key 1').waitFor()
    await quality.getByRole('button', { name: 'Show as table' }).click()
    const link = quality.getByRole('link', { name: 'bronze/cafe/sales/1.csv' })
    const leads = '/object?key=bronze%2Fcafe%2Fsales%2F1.csv'
    expect(await link.getAttribute('href')).toBe(leads)
    await quality.getByRole('button', { name: 'Show as chart' }).click()
    await drawing.locator('.u-over').click()
    expect(page.url()).toContain(leads)
  })

  test('a chart is drawn in the colours of the theme, and anew when that changes', async () => {
    files.put('bronze/cafe/datapackage.yaml', descriptor)
    files.put('bronze/cafe/sales/1.csv', 'id,price\n1,x\n')
    const page = await openPage(`${await startConsole()}/dataset?name=cafe.sales`)
    await page.locator('.chart canvas').waitFor()
    const colorInTheMiddle = () =>
      page.locator('.chart canvas').evaluate((canvas: HTMLCanvasElement) => {
        const { width, height } = canvas
        const { data } = canvas.getContext('2d')!.getImageData(width / 2, height / 2, 1, 1)
        return `#${[...data.slice(0, 3)].map((one) => one.toString(16).padStart(2, '0')).join('')}`
      })
    await expect.poll(colorInTheMiddle).toBe('#0067a8')
    await page.emulateMedia({ colorScheme: 'dark' })
    await expect.poll(colorInTheMiddle).toBe('#5eb4f0')
  })

  test('columns are counted when somebody asks for it', async () => {
    files.put('bronze/cafe/datapackage.yaml', descriptor)
    files.put('bronze/cafe/sales/1.csv', 'id,price\n1,2.5\n2,\n')
    const page = await openPage(`${await startConsole()}/dataset?name=cafe.sales`)
    const columns = panel(page, 'Columns of Silver')
    await columns.waitFor()
    expect(await columns.getByRole('row').count()).toBe(0)
    const count = async () => {
      await columns.getByRole('button', { name: /^Count/ }).click()
      return columns.getByRole('row').count()
    }
    // It counts again until the file is loaded.
    await expect.poll(count, { timeout: 30_000, interval: 500 }).toBe(3)
    const price = columns.getByRole('row').filter({ hasText: 'price' })
    await expect.poll(() => price.textContent(), { timeout: 30_000 }).toMatch(/2\.5.*50 %/s)
  })
})
