import { expect, test } from 'vitest'
import { figure } from '../figure.ts'
import type { Comparison, Run, Side } from './compare.ts'
import { goalsOf, type Measured, partNames, type Report, reportOf } from './report.ts'

const run = (round: number, work: number): Run => {
  return { round, work, seconds: work + 1, cpu: 2 * work, peak: 100 * work, rows: 1_000 }
}

const side = (name: string, works: number[], more: Partial<Side> = {}): Side => {
  const runs = works.map((work, round) => run(round, work))
  return { name, ours: false, runs, notes: [], fates: [], ...more }
}

const measured = (comparison: Comparison): Measured => ({
  ...{ at: '2026-11-30T10:00:00.000Z', commit: 'abc1234' },
  machine: { cpu: 'a | b', cores: 2, gib: 24, system: 'Linux 6' },
  versions: { polars: '2.1.0' },
  asked: { runs: 3, files: 10, drops: 1, small: 1, big: 2, huge: 3, stream: 4 },
  comparisons: [comparison],
  figures: [figure('silver', 'peak', 'MiB', [2_000], { atMost: 1024 })],
})

const bad = { mistake: 'a bad integer', rows: 20 }
const report: Report = {
  parts: {
    silver: measured({
      what: '1,000 rows',
      goals: [
        { ours: 'Sluice', peer: 'polars', atLeast: 0.7 },
        { ours: 'Sluice', peer: 'Spark', atLeast: 6 },
      ],
      sides: [
        side('Sluice', [2, 4, 1], {
          ours: true,
          fates: [{ ...bad, gone: 20, nulled: 0, filled: 0 }],
        }),
        side('polars', [1, 2, 2], {
          notes: ['numbers are written as DOUBLE'],
          fates: [{ ...bad, gone: 5, nulled: 0, filled: 15, example: '12' }],
        }),
        side('pandas', [6], { short: { how: 'stopped', reason: 'stopped after 15 minutes' } }),
        side('Spark', [], { short: { how: 'cannot', reason: 'java is missing' } }),
      ],
    }),
  },
}
const text = reportOf(report)

test('a ratio is theirs by ours within a round; its median and spread are told', () => {
  expect(text).toContain('| Sluice / polars | 0.5 (0.5 … 2) | 0.667 (0.6 … 1.5) | 0.5 (0.5 … 2) |')
  expect(text).toContain('| Sluice / pandas | 3 | 2.33 | 3 |')
})

test('seconds, CPU, memory and rows stand beside it', () => {
  expect(text).toContain(
    '| Sluice | 2 (1 … 4) | 3 (2 … 5) | 4 (2 … 8) | 200 (100 … 400) | 1,000 | 3 |',
  )
})

test('who did not do all runs is told with the reason', () => {
  expect(text).toContain('| 1,000 | 1: stopped after 15 minutes |')
  expect(text).toContain('| Spark |  |  |  |  |  | none: java is missing |')
})

test('a goal is met or missed by the median; one of a peer that did nothing is none', () => {
  expect(goalsOf(report).map(({ what, met }) => [what, met])).toEqual([
    ['1,000 rows: Sluice / polars', false],
    ['peak', false],
  ])
  expect(text).toContain('| 0.5 (0.5 … 2) | × | ≥ 0.7 | **MISSED** |')
})

test('what became of bad rows is told, and what is written otherwise', () => {
  expect(text).toContain('|  | a bad integer, 20 |')
  expect(text).toContain('| Sluice | kept aside, with its reason |')
  expect(text).toContain('| polars | 5 left out, 15 written, as `12` |')
  expect(text).toContain('- polars: numbers are written as DOUBLE')
})

test('each part has its own date, commit, machine and versions', () => {
  expect(text).toContain('Measured on 2026-11-30, commit abc1234.')
  expect(text).toContain('- *silver*: 2026-11-30T10:00:00.000Z, commit abc1234; asked: runs 3,')
  expect(text).toContain('\nsilver: a | b, 2 cores, 24 GiB, Linux 6; polars 2.1.0.\n')
})

test('a part that was not measured says so', () => {
  expect(reportOf({ parts: {} }).match(/^Not measured yet\.$/gm)).toHaveLength(partNames.length)
})
