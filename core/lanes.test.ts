import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { inLanes } from './lanes.ts'

/** Work of some ms, which tells what is under way. */
function worker() {
  const seen = { began: [] as number[], underWay: 0, most: 0 }
  const work = async (item: number) => {
    seen.began.push(item)
    seen.most = Math.max(seen.most, ++seen.underWay)
    await sleep(item % 3)
    seen.underWay--
    if (item === 13) throw new Error('unlucky')
    return item * 10
  }
  return { seen, work }
}

test.each([
  [1, 1],
  [4, 4],
  [40, 10],
])('in %d lanes at most %d are under way, begun and answered in order', async (lanes, most) => {
  const { seen, work } = worker()
  const items = Array.from({ length: 10 }, (_, i) => i)
  expect(await inLanes(items, lanes, work)).toEqual(items.map((i) => i * 10))
  expect(seen.began).toEqual(items)
  expect(seen.most).toBe(most)
})

test('after a fault nothing is begun, and it is thrown when nothing is under way', async () => {
  const { seen, work } = worker()
  const items = Array.from({ length: 40 }, (_, i) => i)
  await expect(inLanes(items, 4, work)).rejects.toThrow('unlucky')
  expect(seen.underWay).toBe(0)
  expect(seen.began.length).toBeLessThan(20)
})

test('no item is no work', async () => {
  expect(await inLanes([], 4, worker().work)).toEqual([])
})
