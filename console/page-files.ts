import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type Context, Hono } from 'hono'

/** The page's files: built beforehand where the program is packed, else when they are asked for. */

/** What a file of the page is made of: `index.html`, or `/index.html`. */
type Source = { path: string; body: Uint8Array }

interface PageFile {
  body: Uint8Array<ArrayBuffer>
  gzip: Uint8Array<ArrayBuffer>
  type: string
  etag: string
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

/**
 * Serves the page. It tells its views apart by path, so that whatever path is no file of it and has
 * no ending is the page itself.
 *
 * @param read gives its files, when the first is asked for
 */
export function pageRoutes(read: () => Promise<Source[]> = () => readPage()): Hono {
  let files: Promise<Map<string, PageFile>> | undefined
  const app = new Hono()
  app.get('*', async (c) => {
    files ??= read().then(packed)
    // What could not be built may be built the next time.
    files.catch(() => {
      files = undefined
    })
    const { path } = c.req
    const all = await files
    const found = all.get(path) ?? (extname(path) === '' ? all.get('/index.html') : undefined)
    return found ? answer(c, found) : c.text('No such file is part of this page.', 404)
  })
  return app
}

function answer(c: Context, { body, gzip, type, etag }: PageFile): Response {
  c.header('etag', etag)
  c.header('vary', 'accept-encoding')
  // It is asked for each time, and sent only where it has changed.
  c.header('cache-control', 'no-cache')
  if (c.req.header('if-none-match')?.includes(etag)) return c.body(null, 304)
  c.header('content-type', type)
  if (!/\bgzip\b/.test(c.req.header('accept-encoding') ?? '')) return c.body(body)
  c.header('content-encoding', 'gzip')
  return c.body(gzip)
}

async function packed(sources: Source[]): Promise<Map<string, PageFile>> {
  const entries = sources.map(async ({ path, body }) => {
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
    const file: PageFile = {
      body: new Uint8Array(body),
      gzip: new Uint8Array(await promisify(gzip)(body, { level: 9 })),
      type: types[extname(path)] ?? 'application/octet-stream',
      etag,
    }
    return [`/${path.replace(/^\//, '')}`, file] as const
  })
  return new Map(await Promise.all(entries))
}

/** @param beside where the program is: the built page of a packed one is in its folder `page` */
export async function readPage(beside = import.meta.dirname): Promise<Source[]> {
  const built = join(beside, 'page')
  if (existsSync(join(built, 'app.js'))) {
    return readdirSync(built).map((path) => ({ path, body: readFileSync(join(built, path)) }))
  }
  const { bundlePage } = await import('./bundle.ts')
  return bundlePage()
}
