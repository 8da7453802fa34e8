import Table from 'cli-table3'
import type { Outcome } from '../core/outcome.ts'
import { asCalled, type Given } from './called.ts'
import { plain } from './shown.ts'
import { amiss, heading, status } from './style.ts'

/** How ends of objects are told: a line of JSON, a row of a table, an exit code. */

/** What is not known is left out: the ledger's null is no value of its own. */
export function jsonLine(outcome: Outcome): string {
  const { stage, object, status, records, accepted, rejected, waiting } = outcome
  const reason = status === 'unchanged' ? undefined : (outcome.reason ?? undefined)
  const dataset = outcome.dataset ?? undefined
  const seconds = Number(outcome.seconds.toFixed(3))
  const mended = outcome.mended ?? undefined
  const counts = { records, accepted, rejected, waiting, mended }
  return JSON.stringify({ stage, object, dataset, status, ...counts, seconds, reason })
}

/**
 * 1 where something failed, 3 where something was not taken, else 0. What Silver has rejected is
 * what Postgres has, which knows what of it was mended since.
 */
export function exitCodeOf(outcomes: Outcome[]): number {
  const inPostgres = new Set(
    outcomes.flatMap(({ stage, status, object }) => {
      const isThere = stage === 'raw-ingestion' && ['loaded', 'unchanged'].includes(status)
      return isThere ? object : []
    }),
  )
  let code = 0
  for (const { stage, object, status, rejected, waiting } of outcomes) {
    if (status === 'failed') return 1
    const counts = stage !== 'silver' || !inPostgres.has(object)
    const isLeft = counts && (rejected > 0 || waiting > 0)
    if (isLeft || status === 'refused' || status === 'held') code = 3
  }
  return code
}

/**
 * One row an object: what Postgres took, how Silver and, where there is one, the stream ended; then
 * why, where there is a reason.
 *
 * @param given where the command was told to work, for what is to be typed next
 */
export function tableOf(outcomes: Outcome[], given: Given): string {
  if (outcomes.length === 0) return 'No object was to be loaded.'
  const hasStream = outcomes.some(({ stage }) => stage === 'streaming')
  const stages = ['postgres', 'silver', ...(hasStream ? ['stream'] : [])]
  const hasMended = outcomes.some(({ mended }) => mended)
  const counts = ['records', 'accepted', 'rejected', 'waiting', ...(hasMended ? ['mended'] : [])]
  const table = new Table({
    head: ['object', 'dataset', ...stages, ...counts].map(heading),
    colAligns: [...['object', 'dataset', ...stages].map(left), ...counts.map(right)],
    style: { head: [], border: [], compact: true },
  })
  const byObject = Map.groupBy(outcomes, (outcome) => outcome.object)
  for (const [object, ends] of [...byObject].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const [raw, silver, stream] = [
      of(ends, 'raw-ingestion'),
      of(ends, 'silver'),
      of(ends, 'streaming'),
    ]
    const { dataset, records, accepted, rejected, waiting, mended } = raw ?? silver ?? stream!
    const told = [raw, silver, ...(hasStream ? [stream] : [])].map((one) => status(one?.status))
    const all = [records, accepted, ...(hasMended ? [mended ?? 0] : [])].map(counted)
    all.splice(2, 0, amiss(rejected), amiss(waiting))
    table.push([plain(object), plain(dataset ?? ''), ...told, ...all])
  }
  const below = [...reasonsOf(outcomes), summaryOf(outcomes)].map((line) => asCalled(line, given))
  return [table.toString(), ...below].join('\n')
}

const counted = (count: number) => count.toLocaleString('en')
const left = () => 'left' as const
const right = () => 'right' as const

function of(outcomes: Outcome[], stage: Outcome['stage']): Outcome | undefined {
  return outcomes.find((one) => one.stage === stage)
}

function reasonsOf(outcomes: Outcome[]): string[] {
  // Of what is held, raw-ingestion alone knows whether a contract is proposed, or why not.
  const isHeld = (one: Outcome) => one.status === 'held'
  const held = new Set(
    outcomes.flatMap((one) => (one.stage === 'raw-ingestion' && isHeld(one) ? one.object : [])),
  )
  const isTold = (one: Outcome) => one.stage === 'silver' && isHeld(one) && held.has(one.object)
  const told = outcomes
    .filter((outcome) => outcome.reason && !isTold(outcome))
    .map(({ object, status: word, reason }) => {
      return `${plain(object)}: ${status(word)}: ${reason!.split('\n').map(plain).join('\n')}`
    })
  return [...new Set(told)]
}

function summaryOf(outcomes: Outcome[]): string {
  // An object of Bronze counts as Postgres took it; one of a stream alone as the stream did.
  const inBronze = new Set(outcomes.flatMap((o) => (o.stage === 'raw-ingestion' ? o.object : [])))
  const raw = outcomes.filter(
    ({ stage, object }) =>
      stage === 'raw-ingestion' || (stage === 'streaming' && !inBronze.has(object)),
  )
  const sum = (name: 'records' | 'accepted' | 'rejected' | 'waiting') =>
    raw.reduce((total, outcome) => total + outcome[name], 0).toLocaleString('en')
  const mended = raw.reduce((total, outcome) => total + (outcome.mended ?? 0), 0)
  const told =
    `${raw.length} ${raw.length === 1 ? 'object' : 'objects'}, ` +
    `${sum('records')} records: ${sum('accepted')} accepted, ` +
    `${sum('rejected')} rejected, ${sum('waiting')} waiting` +
    `${mended > 0 ? `, ${mended.toLocaleString('en')} mended` : ''}.`
  const isRejected = raw.some((one) => one.rejected > 0)
  const hint = isRejected ? ' `sluice rejects` shows which and why.' : ''
  return `${told}${hint}`
}
