import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deployed } from '../deployed.ts'
import { latency } from '../latency.ts'
import type { Place } from '../place.ts'
import { coldStart } from './cold-start.ts'
import type { Part, Sizes } from './part.ts'
import { postgres } from './postgres.ts'
import { goalsOf, type PartName, partNames, type Report, reportOf } from './report.ts'
import { silver, silverBig, silverHuge } from './silver.ts'
import { size } from './size.ts'
import { storm } from './storm.ts'
import { stream } from './stream.ts'
import { commit, machine, versions } from './tools.ts'

const parts: Record<PartName, (place: Place, sizes: Sizes) => Promise<Part>> = {
  silver,
  'silver-big': silverBig,
  'silver-huge': silverHuge,
  postgres,
  storm,
  stream,
  latency: async (place) => ({ comparisons: [], figures: await visible(place) }),
  'cold-start': coldStart,
  size,
}

/** On LocalStack only where there is one. */
async function visible(place: Place) {
  const local = await latency(place)
  return process.env.AWS_ENDPOINT_URL ? [...local, ...(await deployed())] : local
}

/**
 * Measures the parts that are named, and writes report.json and REPORT.md into the folder after
 * each: parts that stand there from another time stay, with their own date and commit.
 *
 * @param folder where report.json is, or will be
 */
export async function comparePeers(place: Place, sizes: Sizes, names: string[], folder: string) {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'report.json')
  const report: Report = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { parts: {} }
  for (const name of partNames.filter((one) => names.includes(one))) {
    process.stderr.write(`${name} …\n`)
    const at = new Date().toISOString()
    const { runs, files, drops } = place
    const asked = { runs, files, drops, ...sizes }
    const about = { at, commit: commit(), machine: machine(), versions: versions(), asked }
    const part = await parts[name](place, sizes)
    report.parts[name] = { ...about, ...part }
    writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`)
    writeFileSync(join(folder, 'REPORT.md'), reportOf(report))
  }
  const goals = goalsOf(report)
  const missed = goals.filter(({ met }) => !met).length
  process.stdout.write(`${join(folder, 'REPORT.md')}: ${missed} of ${goals.length} goals missed\n`)
}
