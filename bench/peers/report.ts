import { type Figure, figure, shown, toldOf } from '../figure.ts'
import type { Comparison, Fate, Run, Side } from './compare.ts'
import type { Part, Sizes } from './part.ts'
import { ratiosOf } from './ratios.ts'
import type { Machine } from './tools.ts'
import { introduction, method, reproduce, titles } from './words.ts'

export const partNames = [
  'silver',
  'silver-big',
  'silver-huge',
  'postgres',
  'storm',
  'stream',
  'latency',
  'cold-start',
  'size',
] as const
export type PartName = (typeof partNames)[number]

/** A part, and when and of what it was measured. */
export interface Measured extends Part {
  /** ISO 8601. */
  at: string
  commit: string
  machine: Machine
  /** Of all that is compared, by name. */
  versions: Record<string, string>
  asked: Sizes & { runs: number; files: number; drops: number }
}

/** What report.json holds; a part that was never measured is not in it. */
export interface Report {
  parts: Partial<Record<PartName, Measured>>
}

/** The report as Markdown. */
export function reportOf(report: Report): string {
  const parts = partNames.map((name) => [name, report.parts[name]] as const)
  return [
    introduction,
    '## Goals\n',
    goals(report),
    ...parts.map(([name, part]) => section(name, part)),
    '## Where a peer did other work\n',
    ...parts.flatMap(([, part]) => otherWork(part)),
    method,
    '## Machine and versions\n',
    circumstances(report),
    reproduce,
  ].join('\n')
}

/** All figures that have a goal, of all parts that were measured. */
export function goalsOf({ parts }: Report): Figure[] {
  return partNames
    .flatMap((part) => {
      const { comparisons = [], figures = [] } = parts[part] ?? {}
      const ratios = comparisons.flatMap(ratiosOf).map(({ work }) => work)
      return [...ratios, ...figures].map((one) => ({ ...one, part }))
    })
    .filter(({ goal }) => goal !== undefined)
}

function goals(report: Report): string {
  const rows = goalsOf(report).map(({ part, what, unit, goal, met, ...of }) => {
    const told = goal ? toldOf(goal) : ''
    return [part, what, spread(of), unit, told, met ? 'met' : '**MISSED**']
  })
  return table(['', '', 'median (low … high)', '', 'goal', ''], rows)
}

function section(name: PartName, part?: Measured): string {
  const title = `## ${titles[name][0]}\n\n${titles[name][1]}\n`
  if (!part) return `${title}\nNot measured yet.\n`
  return [
    title,
    `Measured on ${part.at.slice(0, 10)}, commit ${part.commit}.\n`,
    ...part.comparisons.flatMap(comparison),
    ...(part.figures.length > 0 ? [figures(part.figures)] : []),
  ].join('\n')
}

function comparison(one: Comparison): string[] {
  const ratios = ratiosOf(one).map(({ ours, peer, work, whole, cpu }) => {
    return [`${ours} / ${peer}`, spread(work), spread(whole), spread(cpu)]
  })
  const head = ['how many times as fast', 'the work alone', 'whole process', 'CPU']
  const facts = one.sides.map(factsOf)
  const of = ['', 'work, s', 'whole, s', 'CPU, s', 'peak, MiB', 'rows written', 'runs']
  return [
    `### ${one.what}\n`,
    ...(ratios.length > 0 ? [table(head, ratios)] : []),
    table(of, facts),
  ]
}

function factsOf({ name, runs, short }: Side): string[] {
  const why = short ? `: ${short.reason}` : ''
  if (runs.length === 0) return [name, ...Array(5).fill(''), `none${why}`]
  const of = (field: keyof Run) => spreadOf(runs.map((run) => run[field]))
  const rows = runs.at(-1)?.rows.toLocaleString('en') ?? ''
  const facts = [of('work'), of('seconds'), of('cpu'), of('peak')]
  return [name, ...facts, rows, `${runs.length}${why}`]
}

function figures(all: Figure[]): string {
  const rows = all.map((one) => [one.what, spread(one), one.unit, one.goal ? toldOf(one.goal) : ''])
  return table(['', 'median (low … high)', '', 'goal'], rows)
}

/** What was written of bad rows, and in other types than were asked for. */
function otherWork(part?: Measured): string[] {
  const comparisons = part?.comparisons ?? []
  const fates = comparisons
    .filter(({ sides }) => sides.some((side) => side.fates.length > 0))
    .map(({ what, sides }) => `### ${what}\n\n${fatesOf(sides)}`)
  const notes = comparisons.flatMap(({ sides }) =>
    sides.flatMap((side) => side.notes.map((note) => `- ${side.name}: ${note}`)),
  )
  return [...fates, ...(notes.length > 0 ? [`${[...new Set(notes)].join('\n')}\n`] : [])]
}

function fatesOf(sides: Side[]): string {
  const told = sides.filter(({ fates }) => fates.length > 0)
  const mistakes = told[0]?.fates.map(({ mistake, rows }) => {
    return `${mistake}, ${rows.toLocaleString('en')}`
  })
  const rows = told.map(({ name, ours, fates }) => [name, ...fates.map((one) => fateOf(one, ours))])
  return table(['', ...(mistakes ?? [])], rows)
}

function fateOf({ rows, gone, nulled, filled, example }: Fate, ours: boolean): string {
  const left = ours ? 'kept aside, with its reason' : 'left out'
  const counts: [number, string][] = [
    [gone, left],
    [nulled, 'written, with a NULL'],
    [filled, `written, as \`${example}\``],
  ]
  const told = counts.filter(([count]) => count > 0)
  return told
    .map(([count, what]) => (count === rows ? what : `${count.toLocaleString('en')} ${what}`))
    .join(', ')
}

/** Each part with what was asked; then machines and versions, with the parts that they are of. */
function circumstances({ parts }: Report): string {
  const measured = partNames.flatMap((name) => {
    const part = parts[name]
    return part ? [{ name, ...part }] : []
  })
  const asked = measured.map(({ name, at, commit, asked }) => {
    return `- *${name}*: ${at}, commit ${commit}; asked: ${listed(asked)}`
  })
  const alike = Map.groupBy(measured, ({ machine: { cpu, cores, gib, system }, versions }) => {
    return `${cpu}, ${cores} cores, ${gib} GiB, ${system}; ${listed(versions)}`
  })
  const tools = [...alike].map(
    ([told, of]) => `${of.map(({ name }) => name).join(', ')}: ${told}.\n`,
  )
  return [...asked, '', ...tools].join('\n')
}

function listed(of: object): string {
  return Object.entries(of)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ')
}

function spreadOf(samples: number[]): string {
  return spread(figure('', '', '', samples))
}

function spread({ median, low, high }: { median: number; low: number; high: number }): string {
  return low === high ? shown(median) : `${shown(median)} (${shown(low)} … ${shown(high)})`
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return `${[line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')}\n`
}
