import { type Context, Hono } from 'hono'
import * as z from 'zod'
import { packagesIn } from '../core/contract/packages.ts'
import { askedIn } from './asked.ts'
import { type Asker, askerOf } from './asker.ts'
import { columnStats } from './column-stats.ts'
import { contractWords } from './contract-words.ts'
import { datasetsOf } from './dataset-rows.ts'
import { describedIn, folderOf } from './described.ts'
import { NotThere } from './failure.ts'
import { outlookOf } from './outlook.ts'
import type { ConsolePlace } from './place.ts'
import { driftOf, qualityOf, stuckOf } from './quality.ts'
import type { DatasetDetail } from './shapes.ts'

const named = z.object({ name: z.string().min(1).max(300) })
const ofDataset = z.object({ dataset: z.string().min(1).max(300) })

/** Datasets: what their contracts say, and what their objects were like. */
export function datasetRoutes(place: ConsolePlace, asker: Asker = askerOf(place)): Hono {
  const app = new Hono()
  app.get('/datasets', async (c) => c.json((await datasetsOf(place)).rows))
  app.get('/dataset', async (c) => c.json(await detailOf(place, askedIn(c, named).name)))
  app.get('/columns', async (c) => c.json(await columnsOf(place, asker, c)))
  return app
}

async function detailOf(place: ConsolePlace, name: string): Promise<DatasetDetail> {
  const { lake, database } = place
  const { url } = lake.store
  const { rows, described } = await datasetsOf(place)
  const row = rows.find(({ dataset }) => dataset === name)
  if (!row) throw new NotThere(`no dataset ${JSON.stringify(name)}; ${thereIs(rows)}`)
  const told = described.get(name)
  const [quality, drift, stuck] = await Promise.all([
    qualityOf(database, url, name),
    driftOf(database, url, name),
    stuckOf(database, url, name, told ? folderOf(told) : ''),
  ])
  const contract = told?.contract ? contractWords(told.contract, told.files) : null
  return { ...row, contract, quality, drift, stuck }
}

async function columnsOf(place: ConsolePlace, asker: Asker, c: Context) {
  const { dataset } = askedIn(c, ofDataset)
  const { described } = await outlookOf(place)
  const all = describedIn(await packagesIn(place.lake.store, described))
  const contract = all.find((one) => one.dataset === dataset)?.contract
  if (contract) return columnStats(asker, contract, c.req.raw.signal)
  throw new NotThere(`no contract of dataset ${JSON.stringify(dataset)} is there; ${thereIs(all)}`)
}

function thereIs(all: { dataset: string }[]): string {
  if (all.length === 0) return 'there is none'
  const names = all.slice(0, 20).map(({ dataset }) => dataset)
  return `there is: ${names.join(', ')}${all.length > names.length ? ', …' : ''}`
}
