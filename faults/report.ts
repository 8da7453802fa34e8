import type { Size } from './experiment.ts'

/** Where and with what experiments were run. */
export interface Setting {
  cpu: string
  cores: number
  /** Bytes. */
  memory: number
  node: string
}

/** What became of one experiment. */
export interface Row {
  name: string
  title: string
  promise: string
  seed: number
  size: Size
  seconds: number
  notes: Record<string, number | string>
  /** What the judge found on the naive loader. */
  naive: string[]
  /** What it found on Sluice. */
  findings: string[]
  /** Why it was not run, where it was not. */
  missing?: string
  at: string
  commit: string
}

export interface Report {
  setting: Setting
  rows: Row[]
}

/** A row takes the place of an earlier one of its name. */
export function withRow(rows: Row[], row: Row, order: string[]): Row[] {
  const others = rows.filter(({ name }) => name !== row.name)
  const place = ({ name }: Row) => order.indexOf(name)
  return [...others, row].toSorted((a, b) => place(a) - place(b))
}

/** It held, and the judge who says so finds out a loader that is wrong. */
export function holds(row: Row): boolean {
  return !row.missing && row.findings.length === 0 && row.naive.length > 0
}

export function verdictOf(row: Row): string {
  if (row.missing) return `not run: ${row.missing}`
  if (row.findings.length > 0) return 'DOES NOT HOLD'
  return row.naive.length > 0 ? 'holds' : 'PROVES NOTHING: its judge finds no naive loader out'
}

/** @returns a page in Markdown */
export function reportPage({ setting, rows }: Report): string {
  const { cpu, cores, memory, node } = setting
  const machine = `${cpu}, ${cores} cores, ${Math.round(memory / 2 ** 30)} GiB; Node ${node}`
  const held = rows.filter(holds).length
  const table = rows.map(
    (row) =>
      `| [${row.name}](#${row.name}) | ${row.promise} | ${timeOf(row)} | ${verdictOf(row)} |`,
  )
  const lines = [
    '# Faults',
    '',
    `Made by \`npm run faults\`. ${held} of ${rows.length} experiments hold.`,
    '',
    `Machine: ${machine}.`,
    '',
    '| experiment | what must hold | took | verdict |',
    '|---|---|---:|---|',
    ...table,
    ...rows.flatMap(sectionOf),
  ]
  return `${lines.join('\n')}\n`
}

function sectionOf(row: Row): string[] {
  const facts: Record<string, string | number> = {
    ...{ 'must hold': row.promise, seed: row.seed, size: row.size, took: timeOf(row) },
    ...row.notes,
    'naive loader': row.naive[0] ? firstOf(row.naive) : 'nothing was found',
    ...{ verdict: verdictOf(row), run: `${row.at}, commit ${row.commit}` },
  }
  const told = Object.entries(facts).map(([what, value]) => `- ${what}: ${inLine(value)}`)
  const findings = row.findings.map((finding) => `- ${inLine(finding)}`)
  const found = findings.length > 0 ? ['', 'Found:', '', ...findings] : []
  return ['', `## ${row.name}`, '', row.title, '', ...told, ...found]
}

function firstOf(findings: string[]): string {
  const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : ''
  return `${findings[0]}${more}`
}

function timeOf({ seconds }: Row): string {
  const whole = Math.round(seconds)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/** Long ones are cut: the whole of it is in report.json. */
function inLine(value: string | number): string {
  const text = String(value).replaceAll(/\s+/g, ' ')
  return text.length > 300 ? `${text.slice(0, 300)} …` : text
}
