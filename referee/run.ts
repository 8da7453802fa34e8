import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type Compared, compareFile, type Difference } from './compare.ts'
import { type Disagreement, explain } from './disagreements.ts'
import { type Adaptation, hear, type RefereeFile } from './judge.ts'
import { adaptationsFor, adaptationsOf } from './second-hearing.ts'
import { judgePackage, type SluiceFile } from './verdict.ts'

/** What one run of the comparison found. */
export interface Result {
  packages: number
  files: number
  rows: number
  /** Rows that both accept, and that both reject. */
  good: number
  bad: number
  /** Rows of which both say the same at once, reasons included. */
  agreed: number
  /** Rows of which they do so once the referee is heard again; and files by what was changed. */
  settled: number
  heard: Map<Disagreement['id'], number>
  /** Rows and files that known disagreements explained, and how often each did. */
  known: number
  explained: Map<Disagreement['id'], number>
  unexplained: Difference[]
}

/** A package's descriptor as plain data, and what both sides say of its files. */
export interface Heard {
  folder: string
  descriptor: Descriptor
  referee: RefereeFile[]
  sluice: SluiceFile[]
}

type Loose = Record<string, unknown>
export interface Descriptor extends Loose {
  resources: ({ name: string; path?: string | string[] } & Loose)[]
}

/**
 * Compares the referee's verdict and Sluice's on packages that lie in a lake's `bronze/`.
 *
 * Where they differ, the referee is heard once more, with what the standard says spelled out for
 * it (see `adaptationsFor`); what differs still must be a known disagreement.
 *
 * @param judge Sluice's side; a test gives wrong verdicts
 */
export async function compare(
  python: string,
  lake: string,
  folders: string[],
  judge = judgePackage,
): Promise<Result> {
  const first = hear(
    python,
    folders.map((folder) => ({ folder, adapt: [] })),
  )
  const own = new Map<string, SluiceFile[]>()
  const descriptors = new Map(folders.map((folder) => [folder, readDescriptor(folder)]))
  for (const folder of folders) {
    own.set(folder, await judge(lake, folder, pathsOf(descriptors.get(folder)!)))
  }
  const told = Map.groupBy(await first, (file) => file.folder)
  const heard = folders.map((folder) => ({
    folder,
    descriptor: descriptors.get(folder)!,
    referee: told.get(folder) ?? [],
    sluice: own.get(folder)!,
  }))
  return settle(python, heard)
}

async function settle(python: string, heard: Heard[]): Promise<Result> {
  const result: Result = {
    packages: heard.length,
    files: 0,
    rows: 0,
    ...{ good: 0, bad: 0, agreed: 0, settled: 0, known: 0 },
    heard: new Map(),
    explained: new Map(),
    unexplained: [],
  }
  const again: { one: Heard; adapt: Adaptation[] }[] = []
  for (const one of heard) {
    const adapt = differs(one) ? adaptationsFor(one) : []
    if (adapt.length > 0) again.push({ one, adapt })
    else count(result, one)
  }
  const second = await hear(
    python,
    again.map(({ one, adapt }) => ({ folder: one.folder, adapt })),
  )
  const told = Map.groupBy(second, (file) => file.folder)
  for (const { one } of again) count(result, one, told.get(one.folder))
  return result
}

function differs(heard: Heard): boolean {
  return pairs(heard).some(({ compared }) => compared.differences.length > 0)
}

interface Pair {
  referee: RefereeFile
  sluice: SluiceFile
  compared: Compared
}

/** The verdicts on each file, side by side. */
function pairs({ referee, sluice }: Heard): Pair[] {
  return referee.map((theirs) => {
    const ours = sluice.find((one) => one.path === theirs.path)
    if (!ours) throw new Error(`${theirs.folder}: nothing was judged at ${theirs.path}`)
    return { referee: theirs, sluice: ours, compared: compareFile(theirs, ours) }
  })
}

/** Adds a package; `second` is what the referee says when it is heard once more. */
function count(result: Result, heard: Heard, second?: RefereeFile[]): void {
  const before = pairs(heard)
  const last = second ? { ...heard, referee: second } : heard
  // A file that both judge alike as it stands stays as it was heard.
  const after = pairs(last).map((pair, i) => {
    return before[i]!.compared.differences.length > 0 ? pair : before[i]!
  })
  for (const [i, pair] of after.entries()) {
    const { differences, rows, good, bad } = pair.compared
    result.files++
    result.rows += rows
    result.good += good
    result.bad += bad
    const same = rows - differences.filter((one) => one.line !== undefined).length
    const first = before[i]!.compared
    const atOnce = first.rows - first.differences.filter((one) => one.line !== undefined).length
    result.agreed += Math.min(same, atOnce)
    result.settled += Math.max(0, same - atOnce)
    if (differences.length < first.differences.length) {
      for (const id of adaptationsOf(pair.referee.resource, heard)) add(result.heard, id)
    }
    for (const difference of differences) {
      const ids = explain(difference, { heard: last, ...pair })
      for (const id of ids ?? []) add(result.explained, id)
      if (ids) result.known++
      else result.unexplained.push(difference)
    }
  }
}

function add(counts: Map<string, number>, id: string): void {
  counts.set(id, (counts.get(id) ?? 0) + 1)
}

function readDescriptor(folder: string): Descriptor {
  for (const name of ['datapackage.json', 'datapackage.yaml', 'datapackage.yml']) {
    const file = join(folder, name)
    if (!existsSync(file)) continue
    const descriptor = readData(file) as Descriptor
    // Parts in files of their own are put in their places.
    for (const resource of descriptor.resources) {
      for (const part of ['schema', 'dialect']) {
        const path = resource[part]
        if (typeof path === 'string') resource[part] = readData(join(folder, path))
      }
    }
    return descriptor
  }
  throw new Error(`${folder}: no datapackage.json, .yaml or .yml; give folders of Data Packages`)
}

function readData(file: string): unknown {
  const text = readFileSync(file, 'utf8').replace(/^\ufeff/, '')
  return file.endsWith('.json') ? JSON.parse(text) : parse(text)
}

function pathsOf({ resources }: Descriptor): string[] {
  return resources.flatMap(({ path }) => path ?? [])
}
