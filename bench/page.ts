import { rmSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { type Browser, chromium, type Page } from 'playwright-core'
import { bundlePage } from '../console/bundle.ts'
import { Live } from '../console/live.ts'
import { serveConsole } from '../console/server.ts'
import { openPostgres } from '../core/database/postgres.ts'
import { prepareLedger } from '../core/database/prepare-ledger.ts'
import { openLake } from '../core/lake.ts'
import { type Figure, figure } from './figure.ts'
import { fillLedger, keyOf, writeManifests } from './large-ledger.ts'
import type { Place } from './place.ts'

/** Each in a browser of its own, which has nothing of the page yet. */
const OPENED = 10
/** Ends a second that are told to an open page, for so many seconds. */
const [ENDS, SECONDS] = [500, 5]
const MANIFESTS = 500

/**
 * The page in Chromium, over the large ledger: its weight, when something is painted, when the
 * history stands, and how many frames are late while hundreds of objects end a second.
 */
export async function page(place: Place): Promise<Figure[]> {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  const { lake: folder } = await place.newLake()
  const { url, client, drop } = await place.newDatabase()
  const database = openPostgres(url)
  const [lake, live] = [openLake(folder), new Live()]
  await prepareLedger(database)
  await fillLedger(client, lake.store.url)
  writeManifests(folder, MANIFESTS)
  const served = await serveConsole({ place: { lake, database, live }, port: 0 })
  try {
    const weight = (await bundlePage()).reduce((sum, { body }) => sum + gzipSync(body).length, 0)
    const opened: Opened[] = []
    for (let i = 0; i < OPENED; i++) opened.push(await open(browser, served.url))
    return [
      figure('page', 'all of it, gzipped', 'kB', [weight / 1000], { atMost: 150 }),
      figure(
        'page',
        'first contentful paint',
        'ms',
        opened.map(({ paint }) => paint),
        { atMost: 1000 },
      ),
      figure(
        'page',
        'history of 100,000 objects stands',
        'ms',
        opened.map(({ rows }) => rows),
      ),
      ...(await underLoad(browser, served.url, live)),
    ]
  } finally {
    await browser.close()
    await served.close()
    await database.end()
    await drop()
    rmSync(folder, { recursive: true })
  }
}

/** Milliseconds since the address was asked for. */
interface Opened {
  paint: number
  rows: number
}

async function open(browser: Browser, url: string): Promise<Opened> {
  const context = await browser.newContext()
  const page = await context.newPage()
  const started = Date.now()
  await page.goto(url)
  await page.locator('main tbody tr').first().waitFor()
  const rows = Date.now() - started
  const paint = await page.evaluate<number>(
    `performance.getEntriesByName('first-contentful-paint')[0].startTime`,
  )
  await context.close()
  return { paint, rows }
}

/** While ends come, somebody scrolls and turns pages. */
async function underLoad(browser: Browser, url: string, live: Live): Promise<Figure[]> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(url)
  await page.locator('main tbody tr').first().waitFor()
  await page.evaluate(`{
    window.frames_ = []
    let last = performance.now()
    const frame = (now) => { frames_.push(now - last); last = now; requestAnimationFrame(frame) }
    requestAnimationFrame(frame)
  }`)
  let n = 0
  const timer = setInterval(() => {
    for (let i = 0; i < ENDS / 50; i++) live.end(endOf(++n))
  }, 20)
  for (let second = 0; second < SECONDS; second++) {
    await page.mouse.wheel(0, second % 2 === 0 ? 600 : -600)
    await turn(page, second)
    await page.waitForTimeout(800)
  }
  clearInterval(timer)
  const frames = await page.evaluate<number[]>('frames_')
  const rows = await page.locator('main tbody tr').count()
  await context.close()
  const late = frames.filter((ms) => ms > 50).length
  const of = `while ${ENDS} objects a second end`
  return [
    figure('page', `${of}: frames later than 50 ms`, '%', [(100 * late) / frames.length], {
      atMost: 5,
    }),
    figure('page', `${of}: the longest frame`, 'ms', [Math.max(...frames)]),
    figure('page', `${of}: rows in the page`, 'rows', [rows], { atMost: 300 }),
  ]
}

async function turn(page: Page, second: number): Promise<void> {
  const name = second % 2 === 0 ? 'Next' : 'Previous'
  const button = page.getByRole('button', { name, exact: true })
  if (await button.isEnabled()) await button.click()
}

function endOf(n: number) {
  const counts = { records: 1000, accepted: 1000, rejected: 0, waiting: 0 }
  const stage = n % 2 === 0 ? ('silver' as const) : ('raw-ingestion' as const)
  const dataset = 'bench.lineitem'
  const base = { stage, object: keyOf(n), dataset, status: 'loaded' as const, reason: undefined }
  return { ...base, ...counts, seconds: 0.01 }
}
