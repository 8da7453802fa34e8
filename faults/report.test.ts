import { expect, it, test } from 'vitest'
import { holds, type Row, reportPage, verdictOf, withRow } from './report.ts'

const row: Row = {
  ...{ name: 'crash', title: 'Processes are killed.', promise: 'every row once', seed: 7 },
  ...{ size: 'whole', seconds: 75.4, notes: { kills: 100 }, findings: [] },
  ...{ naive: ['Postgres: 3 rows, but Bronze: 2', 'more'], commit: 'abc1234' },
  at: '2026-05-04T03:02:01.000Z',
}
const setting = { cpu: 'A CPU', cores: 2, memory: 24e9, node: 'v24.0.0' }

it('says of each experiment what was done, with which seed, and what was found', () => {
  const page = reportPage({ setting, rows: [row] })
  expect(page).toContain('1 of 1 experiments hold')
  expect(page).toContain('A CPU, 2 cores, 22 GiB; Node v24.0.0')
  expect(page).toContain('| [crash](#crash) | every row once | 1 min 15 s | holds |')
  for (const fact of [
    ...['Processes are killed.', '- seed: 7', '- kills: 100', '- size: whole'],
    '- naive loader: Postgres: 3 rows, but Bronze: 2 (and 1 more)',
    '- run: 2026-05-04T03:02:01.000Z, commit abc1234',
  ])
    expect(page).toContain(`\n${fact}\n`)
})

test.each<[string, Partial<Row>, string]>([
  ['a finding', { findings: ['a row\nis lost'] }, 'DOES NOT HOLD'],
  ['a naive loader that nobody finds out', { naive: [] }, 'PROVES NOTHING'],
  ['an experiment that was not run', { missing: 'no LocalStack', naive: [] }, 'not run: no Lo'],
])('%s does not hold', (_, part, verdict) => {
  const wrong = { ...row, ...part }
  expect(holds(wrong)).toBe(false)
  expect(verdictOf(wrong)).toContain(verdict)
  const page = reportPage({ setting, rows: [wrong] })
  expect(page).toContain('0 of 1 experiments hold')
  if (part.findings) expect(page).toContain('\n- a row is lost\n')
})

it('cuts a finding that is long', () => {
  const page = reportPage({ setting, rows: [{ ...row, findings: ['x'.repeat(1_000)] }] })
  expect(page).toContain(`\n- ${'x'.repeat(300)} …\n`)
})

it('replaces the row of an experiment that was run again, and keeps the order', () => {
  const [crash, storm] = [row, { ...row, name: 'storm' }]
  const again = { ...crash, seed: 8 }
  expect(withRow([crash, storm], again, ['crash', 'storm'])).toEqual([again, storm])
  expect(withRow([storm], crash, ['crash', 'storm'])).toEqual([crash, storm])
})
