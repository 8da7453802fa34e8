import { expect, it } from 'vitest'
import { describeInBrowser, files, openPage, startConsole, useBrowser } from './browser.fixture.ts'

/** What strangers write stays text: in keys, headers, cells, contracts and reasons. */

const attacks = [
  '<img src=x onerror=alert(1)>',
  '<script>alert(2)</script>',
  '"><svg onload=alert(3)>',
  'javascript:alert(4)',
]
/** A file's name can have no slash. */
const key = (n: number) => `bronze/x/${attacks[n]!.replaceAll('/', '∕')}.csv`

describeInBrowser('hostile text', () => {
  useBrowser()

  it('runs nowhere, and is shown as it stands', async () => {
    const name = attacks[0]!
    files.put(
      'bronze/x/datapackage.json',
      JSON.stringify({
        name: 'x',
        resources: [
          {
            name: 'rows',
            path: 'rows.csv',
            title: attacks[1],
            schema: {
              fieldsMatch: 'subset',
              fields: [
                { name: 'id', type: 'integer', constraints: { enum: [1, 2] } },
                { name, type: 'date', description: attacks[1] },
              ],
            },
            sluice: { files: '*.csv' },
          },
        ],
      }),
    )
    const cells = attacks.map((attack) => `1,"${attack.replaceAll('"', '""')}"`)
    const header = `id,"${name}","${attacks[2]!.replaceAll('"', '""')}"`
    for (const n of [0, 1, 2, 3]) files.put(key(n), `id,"${name}"\n${cells.join('\n')}\n`)
    files.put('bronze/x/drift.csv', `${header}\n1,2026-01-01,1\n`)
    files.put(`bronze/y/${attacks[3]}.csv`, `"${name}",b\n<b>bold</b>,2\n`)
    files.put(`bronze/x/${attacks[1]!.replaceAll('/', '∕')}2.csv`, '<h1>no,header\n')
    const address = await startConsole()
    const page = await openPage(address)
    await expect
      .poll(() => page.locator('main tbody tr').count(), { timeout: 30_000 })
      .toBeGreaterThanOrEqual(7)
    expect(await page.locator('main').textContent()).toContain('<img src=x onerror=alert(1)>')

    const seen: [path: string, text: string][] = [
      [`/object?key=${encodeURIComponent(key(0))}`, '<img src=x onerror=alert(1)>'],
      [`/object?key=${encodeURIComponent('bronze/x/drift.csv')}`, '<svg onload=alert(3)>'],
      ['/rejects', '<script>alert(2)</script>'],
      [`/rejects?search=${encodeURIComponent(attacks[1]!)}`, '<script>alert(2)</script>'],
      ['/dataset?name=x.rows', '<img src=x onerror=alert(1)>'],
      ['/datasets', '<img src=x onerror=alert(1)>'],
    ]
    for (const [path, text] of seen) {
      await page.goto(address + path)
      await expect.poll(() => page.locator('main').textContent(), { message: path }).toContain(text)
    }
    await page.goto(`${address}/sql`)
    await page
      .getByRole('textbox', { name: 'SQL' })
      .fill(`SELECT '${attacks[1]}' AS "${'<b>n</b>'}"`)
    await page.getByRole('button', { name: 'Run' }).click()
    await expect.poll(() => page.locator('main table').textContent()).toContain(attacks[1])
    await page.goto(
      `${address}/<script>alert(5)</script>?search=${encodeURIComponent(attacks[0]!)}`,
    )
    // That no dialog of a script came, and nothing was kept back by the policy, the fixture checks.
    expect(await page.locator('main script, main img, main svg[onload]').count()).toBe(0)
  })
})
