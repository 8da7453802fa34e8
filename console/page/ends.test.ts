import { expect, it } from 'vitest'
import type { LiveEvents, ObjectRow, StageEnd } from '../shapes.ts'
import { mainEnd, reasonOf, spoken, withEnds } from './ends.ts'

type End = LiveEvents['end']

const end = (object: string, told: Partial<End> = {}): End => ({
  stage: 'raw-ingestion',
  object,
  dataset: 'shop.orders',
  status: 'loaded',
  reason: undefined,
  records: 3,
  accepted: 2,
  rejected: 1,
  waiting: 0,
  seconds: 0.1,
  at: '2026-03-14T12:00:00Z',
  ...told,
})

const row = (object: string): ObjectRow => ({
  object,
  dataset: null,
  size: 10,
  at: null,
  raw: null,
  silver: null,
  stream: null,
})

it('rows that are shown take the ends of their objects; the others are counted once each', () => {
  const ends = [end('a'), end('a', { stage: 'silver' }), end('c'), end('c', { stage: 'silver' })]
  const { rows, others } = withEnds([row('a'), row('b')], ends)
  expect(others).toBe(1)
  expect(rows[0]).toMatchObject({
    dataset: 'shop.orders',
    at: '2026-03-14T12:00:00Z',
    raw: { status: 'loaded', reason: null, records: 3, accepted: 2, rejected: 1, mended: 0 },
    silver: { status: 'loaded' },
    stream: null,
  })
  expect(rows[1]).toEqual(row('b'))
})

it('the newest end of a stage is the one that counts', () => {
  const { rows } = withEnds([row('a')], [end('a', { accepted: 1 }), end('a', { accepted: 3 })])
  expect(rows[0]!.raw!.accepted).toBe(3)
})

it('rows stay the very same where nothing of them has ended', () => {
  const before = [row('a')]
  expect(withEnds(before, [end('b')])).toEqual({ rows: before, others: 1 })
  expect(withEnds(before, [end('b')]).rows).toBe(before)
  expect(withEnds(before, [end('a', { status: 'unchanged' })])).toEqual({ rows: before, others: 0 })
})

const stage = (status: StageEnd['status'], reason: string | null): StageEnd => {
  const counts = { records: 1, accepted: 1, rejected: 0, waiting: 0, mended: 0 }
  return { status, reason, ...counts, seconds: null, at: null }
}

it('an object counts as Postgres has it, else as Silver, else as the stream', () => {
  const [raw, silver, stream] = [stage('loaded', null), stage('held', null), stage('loaded', null)]
  expect(mainEnd({ ...row('a'), raw, silver, stream })).toBe(raw)
  expect(mainEnd({ ...row('a'), silver, stream })).toBe(silver)
  expect(mainEnd({ ...row('a'), stream })).toBe(stream)
  expect(mainEnd(row('a'))).toBeNull()
})

it('why an object was not taken comes before what else is worth knowing', () => {
  const [raw, silver] = [stage('loaded', 'a note'), stage('refused', 'missing-label')]
  expect(reasonOf({ ...row('a'), raw, silver })).toBe('missing-label')
  expect(reasonOf({ ...row('a'), raw })).toBe('a note')
  expect(reasonOf(row('a'))).toBeNull()
})

it('few ends are said one by one, many in sum', () => {
  expect(spoken([end('a.csv')])).toBe('a.csv is loaded in Postgres: 2 accepted, 1 rejected')
  expect(spoken([end('a'), end('b'), end('c'), end('d')])).toBe('4 ends; all loaded')
  expect(spoken([end('a'), end('b'), end('c'), end('d', { status: 'held' })])).toBe(
    '4 ends; 1 not loaded',
  )
  expect(spoken([end('a', { status: 'unchanged' })])).toBe('')
})
