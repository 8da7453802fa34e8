import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { pageRoutes, readPage } from './page-files.ts'

const script = `console.log(${JSON.stringify('x'.repeat(5_000))})`

function pageOf(files: Record<string, string>) {
  let reads = 0
  const app = pageRoutes(async () => {
    reads++
    return Object.entries(files).map(([path, text]) => ({ path, body: Buffer.from(text) }))
  })
  return { ask: app.request.bind(app), reads: () => reads }
}

const files = { '/index.html': '<!doctype html>', '/app.js': script, 'icon.svg': '<svg/>' }

describe('the page', () => {
  it.each(['/', '/index.html', '/rejects', '/object', '/deep/er/view'])('is at %s', async (at) => {
    const answer = await pageOf(files).ask(at)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await answer.text()).toBe(files['/index.html'])
  })

  it('has its files, by the type that they have', async () => {
    const { ask } = pageOf(files)
    const typeOf = async (path: string) => (await ask(path)).headers.get('content-type')
    expect(await typeOf('/app.js')).toBe('text/javascript; charset=utf-8')
    expect(await typeOf('/icon.svg')).toBe('image/svg+xml')
    expect((await ask('/none.js')).status).toBe(404)
    expect((await ask('/../package.json')).status).toBe(404)
  })

  it('is read once, and when it is asked for', async () => {
    const { ask, reads } = pageOf(files)
    expect(reads()).toBe(0)
    await Promise.all([ask('/'), ask('/app.js'), ask('/app.js')])
    expect(reads()).toBe(1)
  })

  it('of a packed program lies beside it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-page-'))
    mkdirSync(join(folder, 'page'))
    for (const [path, text] of Object.entries(files)) {
      writeFileSync(join(folder, 'page', path), text)
    }
    const app = pageRoutes(() => readPage(folder))
    expect(await (await app.request('/app.js')).text()).toBe(script)
    expect(await (await app.request('/rejects')).text()).toBe(files['/index.html'])
    rmSync(folder, { recursive: true })
  })

  it('that could not be built is built anew the next time', async () => {
    let reads = 0
    const app = pageRoutes(async () => {
      if (++reads === 1) throw new Error('a word is missing')
      return [{ path: '/index.html', body: Buffer.from('<p>') }]
    })
    app.onError((error, c) => c.text(error.message, 500))
    expect((await app.request('/')).status).toBe(500)
    expect((await app.request('/')).status).toBe(200)
  })
})

describe('a file of it', () => {
  it('goes packed to who can unpack it', async () => {
    const { ask } = pageOf(files)
    const packed = await ask('/app.js', { headers: { 'accept-encoding': 'br, gzip' } })
    expect(packed.headers.get('content-encoding')).toBe('gzip')
    expect(packed.headers.get('vary')).toBe('accept-encoding')
    const bytes = Buffer.from(await packed.arrayBuffer())
    expect(bytes.length).toBeLessThan(1_000)
    expect(gunzipSync(bytes).toString()).toBe(script)
    const plain = await ask('/app.js')
    expect(plain.headers.has('content-encoding')).toBe(false)
    expect(await plain.text()).toBe(script)
  })

  it('is sent anew only where it has changed', async () => {
    const first = await pageOf(files).ask('/app.js')
    const etag = first.headers.get('etag')!
    expect(first.headers.get('cache-control')).toBe('no-cache')
    const headers = { 'if-none-match': etag, 'accept-encoding': 'gzip' }
    const again = await pageOf(files).ask('/app.js', { headers })
    expect(again.status).toBe(304)
    expect(await again.text()).toBe('')
    const changed = await pageOf({ ...files, '/app.js': 'other' }).ask('/app.js', { headers })
    expect(changed.status).toBe(200)
  })
})
