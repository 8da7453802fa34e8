import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { compare, type Peer, type Result } from './compare.ts'

const done = (work: number): Result => {
  return { end: 'done', run: { seconds: work + 1, work, cpu: work, peak: 100, rows: 10 } }
}

let asked: string[]
const peer = (name: string, result: Result = done(1), more: Partial<Peer> = {}): Peer => ({
  name,
  run: async () => {
    asked.push(name)
    return result
  },
  ...more,
})

beforeEach(() => {
  asked = []
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
})
afterEach(() => vi.restoreAllMocks())

test('rounds are interleaved, and who begins changes', async () => {
  const { sides } = await compare('', [peer('a', done(1), { ours: true }), peer('b'), peer('c')], 3)
  expect(asked.join('')).toBe('abc' + 'acb' + 'cab')
  expect(sides.map(({ runs }) => runs.map(({ round }) => round))).toEqual(Array(3).fill([0, 1, 2]))
})

test.each<[Result['end'], string]>([
  ['stopped', 'stopped after 15 minutes'],
  ['failed', 'Parquet: 9 rows, not 10'],
])('a peer that has %s is not asked again, and its reason is kept', async (end, reason) => {
  const short = peer('b', { end, reason } as Result)
  const { sides } = await compare('', [peer('a', done(1), { ours: true }), short], 3)
  expect(asked.filter((name) => name === 'b')).toHaveLength(1)
  expect(sides[1]).toMatchObject({ runs: [], short: { how: end, reason } })
})

test('a peer that takes very long takes part in the first rounds alone', async () => {
  const { sides } = await compare('', [peer('a'), peer('b', done(1), { atMost: 1 })], 3)
  expect(sides[1]?.runs.map(({ round }) => round)).toEqual([0])
})

test('a peer that cannot is not asked', async () => {
  const { sides } = await compare('', [peer('a'), peer('b', done(1), { cannot: 'no Java' })], 2)
  expect(asked).toEqual(['a', 'a'])
  expect(sides[1]?.short).toEqual({ how: 'cannot', reason: 'no Java' })
})

test('where ours does not end well, nothing is compared', async () => {
  const ours = peer('a', { end: 'failed', reason: 'no disk' }, { ours: true })
  await expect(compare('storm', [ours], 1)).rejects.toThrow('storm: a failed: no disk')
})
