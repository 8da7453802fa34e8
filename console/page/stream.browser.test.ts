import type { Page } from 'playwright-core'
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

const descriptor = `name: till
resources:
  - name: visits
    path: visits/1.csv
    schema:
      fields:
        - {name: at, type: datetime}
        - {name: door, type: string}
        - {name: n, type: integer}
    sluice:
      files: "visits/*.csv"
      stream: {eventTime: at, watermark: 1 minute}
      windows:
        - name: doors
          every: 5 minutes
          groupBy: [door]
          measures: {visits: count(), guests: sum(n)}`

/** What comes for 09:00 after 09:20 was seen is late; the last window stays open. */
const visits = `at,door,n
2026-03-14 09:01:00,north,2
2026-03-14 09:02:00,<b>south</b>,3
2026-03-14 09:20:00,north,5
2026-03-14 09:21:00,north,many
`
const later = 'at,door,n\n2026-03-14 09:03:00,north,7\n'

describeInBrowser('streams', () => {
  useBrowser()
  const wait = { timeout: 60_000 }
  const windows = (page: Page) => panel(page, 'Windows')

  test('windows are drawn as they come, and those with late records told apart', async () => {
    files.put('streaming/till/datapackage.yaml', descriptor)
    files.put('streaming/till/visits/1.csv', visits)
    const page = await openPage(`${await startConsole()}/streams`)
    const drawing = windows(page).getByRole('img')
    await drawing.waitFor(wait)
    const told = await drawing.getAttribute('aria-label')
    expect(told).toMatch(/^visits of till\.visits, window doors: lines of .*<b>south<\/b>/)
    expect(told).toContain('by Window of from 2026-03-14 09:00:00 to 2026-03-14 09:20:00')
    const colours = await page.evaluate(`(() => {
      const canvas = document.querySelector('canvas')
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
      return new Set(new Uint32Array(data.buffer)).size
    })()`)
    expect(colours).toBeGreaterThan(3)
    const datasets = panel(page, 'Datasets of streams')
    const quarantined = datasets.getByRole('link', { name: '1', exact: true })
    expect(await quarantined.getAttribute('href')).toBe('/rejects?dataset=till.visits')
    await panel(page, 'Shards that are read').waitFor()
    expect(await seriousIn(page)).toEqual([])
    files.put('streaming/till/visits/2.csv', later)
    await windows(page).getByText('has late records').waitFor(wait)
    await windows(page).getByLabel('Measure').selectOption('guests')
    await windows(page).getByLabel('door', { exact: true }).selectOption('north')
    await windows(page).getByRole('button', { name: 'Show as table' }).click()
    const row = windows(page).getByRole('row').filter({ hasText: '09:00:00' })
    await expect
      .poll(() => row.locator('td').allTextContents(), wait)
      .toEqual(['2026-03-14 09:00:00', '9', 'yes', ''])
    expect(page.url()).toContain('measure=guests')
  })
})
