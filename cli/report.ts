import Table from 'cli-table3'
import type { Outcome } from '../core/outcome.ts'

/** How ends of objects are told: a line of JSON, a row of a table, an exit code. */

export function jsonLine(outcome: Outcome): string {
  const { stage, object, dataset, status, records, accepted, rejected, waiting } = outcome
  const reason = ['refused', 'held', 'failed'].includes(status) ? outcome.reason : undefined
  const seconds = Number(outcome.seconds.toFixed(3))
  const counts = { records, accepted, rejected, waiting }
  return JSON.stringify({ stage, object, dataset, status, ...counts, seconds, reason })
}

/** 1 where something failed, 3 where something was not taken, else 0. */
export function exitCodeOf(outcomes: Iterable<Outcome>): number {
  let code = 0
  for (const { status, rejected, waiting } of outcomes) {
    if (status === 'failed') return 1
    if (rejected > 0 || waiting > 0 || status === 'refused' || status === 'held') code = 3
  }
  return code
}

/** One row an object: what Postgres took, how Silver ended; then why, where there is a reason. */
export function tableOf(outcomes: Outcome[]): string {
  const table = new Table({
    head: ['object', 'dataset', 'postgres', 'silver', 'records', 'accepted', 'rejected', 'waiting'],
    colAligns: ['left', 'left', 'left', 'left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  })
  const byObject = Map.groupBy(outcomes, (outcome) => outcome.object)
  for (const [object, stages] of [...byObject].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const raw = stages.find((one) => one.stage === 'raw-ingestion')
    const silver = stages.find((one) => one.stage === 'silver')
    const { dataset, records, accepted, rejected, waiting } = raw ?? silver!
    const ends = [raw?.status ?? '', silver?.status ?? '']
    const counts = [records, accepted, rejected, waiting].map((count) => count.toLocaleString('en'))
    table.push([object, dataset ?? '', ...ends, ...counts])
  }
  return [table.toString(), ...reasonsOf(outcomes), summaryOf(outcomes)].join('\n')
}

function reasonsOf(outcomes: Outcome[]): string[] {
  const told = outcomes
    .filter((outcome) => outcome.reason)
    .map(({ object, status, reason }) => `${object}: ${status}: ${reason}`)
  return [...new Set(told)]
}

function summaryOf(outcomes: Outcome[]): string {
  const raw = outcomes.filter((outcome) => outcome.stage === 'raw-ingestion')
  const sum = (name: 'records' | 'accepted' | 'rejected' | 'waiting') =>
    raw.reduce((total, outcome) => total + outcome[name], 0).toLocaleString('en')
  const told =
    `${raw.length} objects, ${sum('records')} records: ${sum('accepted')} accepted, ` +
    `${sum('rejected')} rejected, ${sum('waiting')} waiting.`
  const hint = raw.some((one) => one.rejected > 0)
    ? ' `npm run sluice rejects` shows which and why.'
    : ''
  return `${told}${hint}`
}
