import { basename } from 'node:path'
import { type Compared, compareFile, type Difference } from './compare.ts'
import { type Disagreement, explain } from './disagreements.ts'
import { type Adaptation, hear, type RefereeFile } from './judge.ts'
import { type Descriptor, passedOver, pathsOf, readDescriptor } from './package.ts'
import { adaptationsFor, adaptationsOf } from './second-hearing.ts'
import { judgePackage, type SluiceFile } from './verdict.ts'

/** What one run of the comparison found. */
export interface Result {
  packages: number
  files: number
  /** Files that both refuse as a whole. */
  refused: number
  rows: number
  /** Packages and resources without a file to judge, and why. */
  passedOver: string[]
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
  ).then((files) => Map.groupBy(files, (file) => file.folder))
  const own = async () => {
    const heard: Omit<Heard, 'referee'>[] = []
    for (const folder of folders) {
      const descriptor = readDescriptor(folder)
      // What only the referee can read names the files that Sluice then refuses.
      const theirs = descriptor.broken === undefined ? [] : ((await first).get(folder) ?? [])
      const paths = [...pathsOf(descriptor), ...theirs.flatMap(({ path }) => path || [])]
      heard.push({ folder, descriptor, sluice: await judge(lake, folder, paths) })
    }
    return heard
  }
  const [told, ours] = await Promise.all([first, own()])
  return settle(
    python,
    ours.map((one) => ({ ...one, referee: told.get(one.folder) ?? [] })),
  )
}

async function settle(python: string, heard: Heard[]): Promise<Result> {
  const result: Result = {
    packages: heard.length,
    files: 0,
    refused: 0,
    rows: 0,
    passedOver: heard.flatMap(({ folder, descriptor }) => {
      return passedOver(descriptor).map((why) => `${basename(folder)}: ${why}`)
    }),
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
  const told = await hearAgain(python, again)
  // What the referee gave up for may have hidden a second reason to be heard again.
  const more = again.flatMap(({ one, adapt }) => {
    const referee = told.get(one.folder) ?? []
    const all = [...new Set([...adapt, ...adaptationsFor({ ...one, referee })])]
    const isMore = all.length > adapt.length && differs({ ...one, referee })
    return isMore ? [{ one, adapt: all }] : []
  })
  const last = await hearAgain(python, more)
  for (const { one } of again) {
    count(result, one, last.get(one.folder) ?? told.get(one.folder) ?? [])
  }
  return result
}

async function hearAgain(python: string, again: { one: Heard; adapt: Adaptation[] }[]) {
  const hearings = again.map(({ one, adapt }) => ({ folder: one.folder, adapt }))
  return Map.groupBy(await hear(python, hearings), ({ folder }) => folder)
}

function differs(heard: Heard): boolean {
  return pairs(heard).some(({ compared }) => compared.differences.length > 0)
}

interface Pair {
  referee: RefereeFile
  sluice: SluiceFile
  compared: Compared
}

/**
 * The verdicts on each file, side by side. Where a side could not judge the package at all, that is
 * its verdict on each file.
 */
function pairs({ folder, referee, sluice }: Heard): Pair[] {
  const whole = referee.find(({ path }) => path === '')
  const files = referee.filter(({ path }) => path !== '')
  const untold = sluice.filter(({ path }) => !files.some((one) => one.path === path))
  const note = whole?.errors[0]?.[2] ?? 'the referee said nothing of it'
  const missing = untold.map(({ path }): RefereeFile => {
    const errors: RefereeFile['errors'] = [['package-error', null, note, null]]
    return { folder, resource: '', path, errors, labels: [], rows: [] }
  })
  return [...files, ...missing].map((theirs) => {
    const none = { folder, path: theirs.path, refused: 'no resource of it has this file', rows: [] }
    const ours = sluice.find((one) => one.path === theirs.path) ?? none
    return { referee: theirs, sluice: ours, compared: compareFile(theirs, ours) }
  })
}

/** Adds a package; `second` is what the referee says when it is heard once more. */
function count(result: Result, heard: Heard, second?: RefereeFile[]): void {
  const before = pairs(heard)
  const last = second ? { ...heard, referee: second } : heard
  const again = pairs(last)
  // A file that both judge alike as it stands stays as it was heard.
  const after = before.map((pair) => {
    if (pair.compared.differences.length === 0) return pair
    const { resource, path } = pair.referee
    const same = again.filter(({ referee }) => referee.path === path)
    return same.find(({ referee }) => referee.resource === resource) ?? same[0] ?? pair
  })
  for (const [i, pair] of after.entries()) {
    const { differences, rows, good, bad } = pair.compared
    result.files++
    const isRefused = pair.sluice.refused !== undefined && pair.referee.errors.length > 0
    if (isRefused) result.refused++
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
