import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Browser, chromium, type Locator, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest'
import { emptied, TestLake } from '../functions/stages.fixture.ts'
import { freshDatabase } from '../local/fresh-database.ts'

/** A real browser before a real `sluice start`, over a lake and a database of each test's own. */

const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome']
const executablePath = places.find((path) => path !== undefined && existsSync(path))
if (!executablePath) {
  console.warn('the page is NOT tested: no Chromium (apt-get install chromium, or set CHROMIUM)')
}
/** Skipped, loudly, where there is no browser. */
export const describeInBrowser: typeof describe.skip = executablePath ? describe : describe.skip

const root = join(import.meta.dirname, '..')
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

export let files: TestLake
export let database: Awaited<ReturnType<typeof freshDatabase>>
let browser: Browser
const open: { close(): Promise<unknown> }[] = []

/** To be called once in a file: what there is before and after each of its tests. */
export function useBrowser(): void {
  beforeAll(async () => {
    database = await freshDatabase()
    browser = await launch()
  })
  beforeEach(async () => {
    await emptied(database.url)
    files = new TestLake()
  })
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await tellPages()
    await closeOpen()
    files.close()
  })
  afterAll(async () => {
    await browser.close()
    await database.drop()
  })
}

/** The same once for all tests of a file, which close their own pages. */
export async function openBrowser(): Promise<void> {
  database = await freshDatabase()
  browser = await launch()
  files = new TestLake()
}

export async function closeAll(): Promise<void> {
  try {
    await closeOpen()
  } finally {
    await browser.close()
    await database.drop()
    files.close()
  }
}

/** What somebody would have seen, where a test has failed. */
async function tellPages(): Promise<void> {
  for (const page of browser.contexts().flatMap((context) => context.pages())) {
    console.error(page.url(), await page.locator('body').textContent())
  }
}

/** What was opened last goes first: the page before its server. */
async function closeOpen(): Promise<void> {
  for (const one of open.splice(0).reverse()) await one.close()
}

function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] })
}

/**
 * `sluice start` over the test's lake; or `sluice console`, which shows it and loads nothing.
 *
 * @returns the address of its console
 */
export async function startConsole(
  folder = files.folder,
  url = database.url,
  command: 'start' | 'console' = 'start',
): Promise<string> {
  const args = [join(root, 'cli/sluice.ts'), command, '--lake', folder, '--port', '0']
  const env = { ...process.env, DATABASE_URL: url }
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close')
  open.push({
    async close() {
      child.kill('SIGTERM')
      await ended
    },
  })
  const [told, silent] =
    command === 'start' ? [child.stderr, child.stdout] : [child.stdout, child.stderr]
  silent.resume()
  const said: string[] = []
  for await (const line of createInterface(told)) {
    said.push(line)
    const [address] = /http:\S+$/.exec(line) ?? []
    if (address && /console/i.test(line)) {
      told.resume()
      return address
    }
  }
  throw new Error(`sluice ${command} told no address of a console: ${said.join('\n')}`)
}

export interface Look {
  width?: number
  height?: number
  theme?: 'light' | 'dark'
}

/**
 * A page in a browser of its own memory. That it told no fault, and that nothing of it was kept
 * back by the policy of the server, is checked when the test ends.
 */
export async function openPage(
  address: string,
  { width = 1280, height = 860, theme = 'light' }: Look = {},
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: 'reduce',
    acceptDownloads: true,
  })
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    // What the server has refused, the page tells itself.
    const isAnswer = message.text().startsWith('Failed to load resource')
    if (message.type() === 'error' && !isAnswer) faults.push(message.text())
  })
  page.on('dialog', (dialog) => {
    faults.push(`a dialog of a script: ${dialog.message()}`)
    void dialog.dismiss()
  })
  open.push({
    async close() {
      await context.close()
      expect(faults).toEqual([])
    },
  })
  await page.goto(address)
  return page
}

/** The part of a page that has this name. */
export function panel(page: Page, name: string): Locator {
  return page.getByRole('region', { name, exact: true })
}

/** What axe finds that is serious, or worse: the rule, and where. */
export async function seriousIn(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(axe, 'utf8'))
  type Found = { id: string; impact: string; nodes: { target: string[]; failureSummary: string }[] }
  const found = (await page.evaluate(
    '(async () => (await axe.run(document)).violations)()',
  )) as Found[]
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map((one) => `${id}: ${one.target} ${one.failureSummary}`))
}

/** Drops files onto the page, as a hand would. */
export async function dropFiles(page: Page, ...dropped: [name: string, text: string][]) {
  const carried = await page.evaluateHandle(`(() => {
    const transfer = new DataTransfer()
    for (const [name, text] of ${JSON.stringify(dropped)}) {
      transfer.items.add(new File([text], name))
    }
    return transfer
  })()`)
  for (const type of ['dragenter', 'dragover', 'drop']) {
    await page.dispatchEvent('main', type, { dataTransfer: carried })
  }
}
