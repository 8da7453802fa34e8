import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type Compared, compareFile, type Difference } from './compare.ts'
import { type Disagreement, explain } from './disagreements.ts'
import { type Adaptation, hear, type RefereeFile } from './judge.ts'
import { adaptationsFor } from './second-hearing.ts'
import { judgePackage, type SluiceFile } from './verdict.ts'

/** What one run of the comparison found. */
export interface Result {
  packages: number
  files: number
  rows: number
  /** Files and rows of which both say the same, reasons included. */
  agreed: { files: number; rows: number }
  /** How often each known disagreement explained a file or a row. */
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
 */
export async function compare(python: string, lake: string, folders: string[]): Promise<Result> {
  const first = hear(
    python,
    folders.map((folder) => ({ folder, adapt: [] })),
  )
  const own = new Map<string, SluiceFile[]>()
  const descriptors = new Map(folders.map((folder) => [folder, readDescriptor(folder)]))
  for (const folder of folders) {
    own.set(folder, await judgePackage(lake, folder, pathsOf(descriptors.get(folder)!)))
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
    agreed: { files: 0, rows: 0 },
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
  const used = (id: Disagreement['id']) => {
    result.explained.set(id, (result.explained.get(id) ?? 0) + 1)
  }
  const before = pairs(heard)
  const after = second ? pairs({ ...heard, referee: second }) : before
  for (const [i, pair] of after.entries()) {
    const { differences, rows } = pair.compared
    const fewer = differences.length < before[i]!.compared.differences.length
    if (fewer) for (const name of pair.referee.changed) used(name)
    result.files++
    result.rows += rows
    if (differences.every((one) => one.line !== undefined)) result.agreed.files++
    result.agreed.rows += rows - differences.filter((one) => one.line !== undefined).length
    for (const difference of differences) {
      const ids = explain(difference, { heard, ...pair })
      if (ids) for (const id of ids) used(id)
      else result.unexplained.push(difference)
    }
  }
}

function readDescriptor(folder: string): Descriptor {
  for (const name of ['datapackage.json', 'datapackage.yaml', 'datapackage.yml']) {
    const file = join(folder, name)
    if (!existsSync(file)) continue
    const text = readFileSync(file, 'utf8').replace(/^\ufeff/, '')
    return name.endsWith('.json') ? JSON.parse(text) : parse(text)
  }
  throw new Error(`${folder}: no datapackage.json, .yaml or .yml; give folders of Data Packages`)
}

function pathsOf({ resources }: Descriptor): string[] {
  return resources.flatMap(({ path }) => path ?? [])
}
