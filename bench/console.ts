import { rmSync } from 'node:fs'
import type { Hono } from 'hono'
import { apiOf } from '../console/app.ts'
import { Live } from '../console/live.ts'
import { scrubFor } from '../console/scrub.ts'
import type { Page } from '../console/shapes.ts'
import { openPostgres } from '../core/database/postgres.ts'
import { prepareLedger } from '../core/database/prepare-ledger.ts'
import { openLake } from '../core/lake.ts'
import { type Figure, figure, quantile } from './figure.ts'
import { fillLedger, keyOf, large, rare, writeManifests } from './large-ledger.ts'
import type { Place } from './place.ts'
import { mustBe } from './run-job.ts'

/** Questions of each kind; the first ones, which nothing is warm for, are asked beside them. */
const [ASKED, WARM] = [60, 3]
const MANIFESTS = 500

/** Pages of the console with 100,000 objects and a million rejects in the ledger, server alone. */
export async function consolePages(place: Place): Promise<Figure[]> {
  const { lake: folder } = await place.newLake()
  const { url, client, drop } = await place.newDatabase()
  const database = openPostgres(url)
  const lake = openLake(folder)
  try {
    await prepareLedger(database)
    await fillLedger(client, lake.store.url)
    await client.query('CHECKPOINT')
    writeManifests(folder, MANIFESTS)
    const api = apiOf({ lake, database, live: new Live() }, scrubFor(lake))
    const figures: Figure[] = []
    for (const [what, path, rows] of await questions(api)) {
      figures.push(...(await timed(api, what, path, rows)))
    }
    return figures
  } finally {
    await database.end()
    await drop()
    rmSync(folder, { recursive: true })
  }
}

/** What is asked, and how many rows its page has where that is known. */
type Question = [what: string, path: string, rows?: number]

async function questions(api: Hono): Promise<Question[]> {
  const objects = await pageAfter(api, '/objects?limit=200', 20)
  const rejects = await pageAfter(api, '/rejects?limit=200', 50)
  const within = await pageAfter(api, `/rejects?limit=200&object=${large}`, 50)
  return [
    ['objects', '/objects', 50],
    ['objects, of 200', '/objects?limit=200', 200],
    ['objects, far behind', `/objects?cursor=${objects}`, 50],
    ['objects, one by its key', `/objects?search=${keyOf(7).slice(-10)}`, 1],
    ['objects, none by its key', '/objects?search=nowhere', 0],
    ['objects of a dataset', '/objects?dataset=bench.keyed', 50],
    ['objects that are held', '/objects?status=held', 50],
    ['objects with rejects', '/objects?status=rejected', 50],
    ['an object', `/object?key=${large}`],
    ['rejects', '/rejects', 50],
    ['rejects, of 200', '/rejects?limit=200', 200],
    ['rejects, far behind', `/rejects?cursor=${rejects}`, 50],
    ['rejects of a dataset', '/rejects?dataset=bench.lineitem', 50],
    ['rejects, far within an object', `/rejects?object=${large}&cursor=${within}`, 50],
    ['rejects of a rule and field', '/rejects?rule=type-error&field=l_tax', 50],
    ['rejects of a rule that is rare', `/rejects?rule=${rare.rule}`, 1],
    ['rejects of a rule that none broke', '/rejects?rule=none', 0],
    ['rejects of a text that is common', '/rejects?search=comment%20a', 50],
    ['rejects of a text that none has', '/rejects?search=nowhere', 0],
    ['rejects that wait', '/rejects?state=waiting', 50],
    ['rejects that are mended', '/rejects?state=mended', 0],
    ['sums of rejects', '/rejects/facets'],
    ['sums of rejects of a dataset', '/rejects/facets?dataset=bench.lineitem'],
    ['sums of what waits', '/rejects/facets?state=waiting'],
  ]
}

/** The cursor behind some pages. */
async function pageAfter(api: Hono, path: string, pages: number): Promise<string> {
  let next = ''
  for (let i = 0; i < pages; i++) {
    const page = await ask<Page<unknown>>(api, next ? `${path}&cursor=${next}` : path)
    next = page.next ?? ''
  }
  return next
}

async function ask<T>(api: Hono, path: string): Promise<T> {
  const answer = await api.request(path)
  if (answer.status !== 200) throw new Error(`${path}: ${await answer.text()}`)
  return (await answer.json()) as T
}

async function timed(
  api: Hono,
  what: string,
  path: string,
  rows: number | undefined,
): Promise<Figure[]> {
  const samples: number[] = []
  for (let i = 0; i < ASKED + WARM; i++) {
    const started = performance.now()
    const answer = await ask<Partial<Page<unknown>>>(api, path)
    if (i >= WARM) samples.push(performance.now() - started)
    mustBe(answer.rows?.length ?? 0, rows, path)
  }
  return [
    figure('console', what, 'ms', samples),
    figure('console', `${what}: p95`, 'ms', [quantile(samples, 0.95)], { atMost: 150 }),
  ]
}
