import { setImmediate as breathe } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TestShop } from '../functions/shop.fixture.ts'
import { Api } from './api.fixture.ts'

let files: TestShop
beforeEach(() => {
  files = new TestShop()
  files.describeOrders()
})
afterEach(() => files.close())

// What fails when nobody waits for it any more would end the process, and all that it loads: the
// runner of the tests fails on it, too.
test.each([
  ...['/flow', '/objects', '/object?key=bronze/shop/a.csv', '/rejects', '/rejects.csv'],
  ...['/rejects/facets', '/rejects/facets?state=mended', '/rejects/facets?dataset=shop.orders'],
  ...['/datasets', '/dataset?name=shop.orders'],
])('while the database is away, %s says so', async (path) => {
  const { status, body } = await new Api(files.lake).ask(path)
  expect([status, body]).toEqual([500, { error: expect.stringContaining('away') }])
  await breathe()
})
