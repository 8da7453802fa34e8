import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { bundlePage } from './bundle.ts'

it('the page is four files and their licences, at most 150 kB as they are sent', async () => {
  const files = await bundlePage()
  expect(files.map(({ path }) => path)).toEqual([
    ...['/THIRD-PARTY.txt', '/app.css', '/app.js', '/icon.svg', '/index.html'],
  ])
  const sizes = files.map(({ body }) => gzipSync(body).length)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(150_000)
})

it('the same source gives the same bytes, without a path of this machine', async () => {
  const [one, other] = [await bundlePage(), await bundlePage()]
  expect(other).toEqual(one)
  for (const { body } of one) {
    const text = Buffer.from(body).toString()
    expect(text).not.toContain(import.meta.dirname)
    expect(text).not.toContain('node_modules')
    expect(text).not.toContain('sourceMappingURL')
  }
})

it('asks nothing of any other place, and has no script or style within its HTML', async () => {
  const files = new Map((await bundlePage()).map(({ path, body }) => [path, Buffer.from(body)]))
  const html = files.get('/index.html')!.toString()
  expect(html).not.toMatch(/<script>|<style|style=|\son\w+=/)
  for (const [path, body] of files) {
    const addresses = body.toString().match(/https?:\/\/[\w.-]+/g) ?? []
    // Of namespaces, which are names and never asked for.
    expect(addresses.filter((one) => one !== 'http://www.w3.org')).toEqual([])
    if (path === '/app.css') expect(body.toString()).not.toMatch(/url\(|@import/)
  }
})
