import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ratiosOf } from '../bench/peers/ratios.ts'
import { type PartName, type Report as Peers, reportOf } from '../bench/peers/report.ts'
import { experiments } from '../faults/experiments.ts'
import { type Report as Faults, holds, reportPage } from '../faults/report.ts'
import { root, textOf } from './pages.fixture.ts'

/** The figures that README tells are those of the reports, which are what their commands wrote. */

const faults: Faults = JSON.parse(textOf('faults/report.json'))
const peers: Peers = JSON.parse(textOf('bench/report.json'))

test('the reports say what was measured', () => {
  expect(textOf('faults/REPORT.md')).toBe(reportPage(faults))
  expect(textOf('bench/REPORT.md')).toBe(reportOf(peers))
})

test('every experiment was run whole, and holds', () => {
  expect(faults.rows.map(({ name }) => name)).toEqual(experiments.map(({ name }) => name))
  expect(faults.rows.filter((row) => row.size === 'short' || !holds(row))).toEqual([])
})

const notesOf = (name: string) => {
  const notes = faults.rows.find((row) => row.name === name)?.notes ?? {}
  return (key: string) => String(notes[key])
}
/** All numbers of the notes whose names begin so, added up. */
function sumOf(name: string, key: string): number {
  const notes = faults.rows.find((row) => row.name === name)?.notes ?? {}
  const told = Object.entries(notes).filter(([one]) => one.startsWith(key))
  return told.reduce((sum, [, note]) => sum + Number(/\d+/.exec(String(note))?.[0]), 0)
}
const [rows, rejects] = notesOf('hostile')('their records').match(/\d+/g)!.map(Number)
const [files, refused] = notesOf('hostile')('random files').match(/\d+/g)!.map(Number)
const literals = readFileSync(join(root, 'core/types/surprising-literals.test.ts'), 'utf8')
const corpus = readdirSync(join(root, 'core/corpus')).filter((name) => name !== 'packages')

/** How many times as fast as a peer, in the median; of the first comparison that has both. */
function ratio(part: PartName, ours: string, peer: string): number {
  const all = (peers.parts[part]?.comparisons ?? []).flatMap(ratiosOf)
  const found = all.find((one) => one.ours.startsWith(ours) && one.peer.startsWith(peer))
  return found?.work.median ?? Number.NaN
}

function figure(part: PartName, what: RegExp): number {
  const found = peers.parts[part]?.figures.find((one) => what.test(one.what))
  return found?.median ?? Number.NaN
}

describe.each([
  ['README.md', 'en'],
  ['README.pt-BR.md', 'pt-BR'],
])('%s', (page, language) => {
  const text = textOf(page)
  const row = (n: number) => new RegExp(`^\\| ${n} \\|.*$`, 'm').exec(text)?.[0] ?? ''
  const shown = (number: number | undefined) => number?.toLocaleString(language)

  test.each<[number, (number | undefined)[]]>([
    [1, [files, refused, rows, rejects]],
    [2, [sumOf('crash', 'deaths'), sumOf('crash', 'kills'), sumOf('events', 'events')]],
    [2, [sumOf('storm', 'files')]],
    [4, [literals.match(/^ {2}\['/gm)?.length, corpus.length]],
    [5, [rejects]],
    [6, [sumOf('database', 'crashes')]],
    [7, [sumOf('resources', 'peak')]],
  ])('promise %i', (n, figures) => {
    for (const figure of figures) expect(row(n)).toMatch(new RegExp(`\\b${shown(figure)}\\b`))
  })

  test('how fast it is', () => {
    const [told] = text.slice(text.search(/^## (How fast|Desempenho)$/m) + 3).split('\n## ')
    const rounded = (value: number, digits: number) =>
      value.toLocaleString(language, {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      })
    const huge = peers.parts['silver-huge']?.comparisons[0]?.sides.find(({ ours }) => ours)
    const figures = [
      rounded(ratio('silver-big', 'Sluice', 'DuckDB'), 2),
      rounded(ratio('silver-big', 'Sluice', 'pandas'), 1),
      rounded(ratio('silver-big', 'Sluice', 'PySpark'), 1),
      rounded(huge?.runs[0]?.peak ?? Number.NaN, 0),
      rounded(ratio('postgres', 'Sluice', 'psql'), 2),
      rounded(ratio('postgres', 'Sluice', 'pgloader'), 0),
      rounded(figure('storm', /scan to end/), 0),
      rounded(ratio('storm', 'Sluice, scan', 'Python'), 1),
      rounded(ratio('stream', 'Sluice, files', 'Spark'), 1),
      rounded(ratio('stream', 'Sluice, end to end', 'Spark'), 1),
      rounded(figure('latency', /visible in both, p50/), 0),
    ]
    for (const one of figures) expect(told).toMatch(new RegExp(`(?<![\\d,.])${one}(?![\\d])`))
  })
})
