import { describe, expect, it } from 'vitest'
import { Lane } from './lane.ts'

/** A handler whose keys end when, and as, a test says. */
function lane(patience = { tries: 2, first: 1, longest: 1, forever: false }) {
  const open = new Map<string, PromiseWithResolvers<boolean>>()
  const handler = async (event: unknown) => {
    const { Records } = event as { Records: { messageId: string }[] }
    const { messageId } = Records[0]!
    const work = Promise.withResolvers<boolean>()
    open.set(messageId, work)
    const isWell = await work.promise
    return { batchItemFailures: isWell ? [] : [{ itemIdentifier: messageId }] }
  }
  const end = async (key: string, isWell = true) => {
    await expect.poll(() => open.has(key)).toBe(true)
    const work = open.get(key)!
    open.delete(key)
    work.resolve(isWell)
  }
  return { lane: new Lane('lake', handler, patience, { width: 2 }), end }
}

const running = (one: Lane) => one.look().running.map(({ key }) => key)

describe('a lane tells', () => {
  it('what waits, what runs and since when, and how much has ended', async () => {
    const { lane: one, end } = lane()
    expect(one.look()).toEqual({ waiting: 0, running: [], ended: 0, failed: 0 })
    const before = new Date()
    for (const key of ['a', 'b', 'c']) one.add(key)
    expect(one.look()).toMatchObject({ waiting: 1, ended: 0 })
    expect(running(one)).toEqual(['a', 'b'])
    const [{ since } = { since: new Date(0) }] = one.look().running
    expect(since.getTime()).toBeGreaterThanOrEqual(before.getTime())
    await end('a')
    await expect.poll(() => running(one)).toEqual(['b', 'c'])
    expect(one.look()).toMatchObject({ waiting: 0, ended: 1, failed: 0 })
    await end('b')
    await end('c')
    await one.rest()
    expect(one.look()).toEqual({ waiting: 0, running: [], ended: 3, failed: 0 })
  })

  it('what is to be tried again as waiting', async () => {
    const { lane: one, end } = lane({ tries: 2, first: 60_000, longest: 60_000, forever: false })
    one.add('a')
    await end('a', false)
    await expect.poll(() => one.look().waiting).toBe(1)
    expect(one.look()).toMatchObject({ running: [], ended: 0, failed: 0 })
    await one.close()
  })

  it('what failed until it goes through', async () => {
    const { lane: one, end } = lane({ tries: 1, first: 1, longest: 1, forever: true })
    one.add('a')
    await end('a', false)
    await expect.poll(() => one.look().failed).toBe(1)
    await end('a', false)
    await end('a')
    const through = { waiting: 0, running: [], ended: 1, failed: 0 }
    await expect.poll(() => one.look()).toEqual(through)
  })
})

describe('a lane rests', () => {
  it('beside what was given up and is tried on; a change of it is waited for', async () => {
    const { lane: one, end } = lane({ tries: 1, first: 1, longest: 1, forever: true })
    one.add('bad')
    one.add('good')
    let rests = 0
    const rest = one.rest().then(() => rests++)
    await end('bad', false)
    expect(rests).toBe(0)
    await end('good')
    await rest
    await end('bad', false)
    await one.rest()
    await expect.poll(() => running(one)).toEqual(['bad'])
    one.add('bad')
    const again = one.rest().then(() => rests++)
    // It is at work since before the change, and once more after it.
    await end('bad', false)
    await end('bad')
    await again
    expect(rests).toBe(2)
    expect(one.look().failed).toBe(0)
  })
})

describe('a lane of several keys an event', () => {
  function batches(fails: (key: string) => boolean = () => false) {
    const events: string[][] = []
    const handler = async (event: unknown) => {
      const { Records } = event as { Records: { messageId: string }[] }
      const keys = Records.map(({ messageId }) => messageId)
      events.push(keys)
      await new Promise((resolve) => setImmediate(resolve))
      const failed = keys.filter(fails)
      return { batchItemFailures: failed.map((key) => ({ itemIdentifier: key })) }
    }
    const patience = { tries: 3, first: 1, longest: 1, forever: false }
    const one = new Lane('lake', handler, patience, { width: 2, most: 8 })
    return { one, events }
  }

  it('takes a share of what waits, each key once, and at last single ones', async () => {
    const { one, events } = batches()
    const keys = Array.from({ length: 100 }, (_, i) => `k${i}`)
    for (const key of keys) one.add(key)
    await one.rest()
    expect(events.flat().toSorted()).toEqual(keys.toSorted())
    const sizes = events.map((some) => some.length)
    expect(Math.max(...sizes)).toBe(8)
    expect(sizes.at(-1)).toBe(1)
    expect(one.look()).toMatchObject({ waiting: 0, ended: 100, failed: 0 })
  })

  it('tries those again that failed, and not the others', async () => {
    let left = 2
    const { one, events } = batches((key) => key === 'k7' && left-- > 0)
    for (let i = 0; i < 20; i++) one.add(`k${i}`)
    await one.rest()
    const times = Map.groupBy(events.flat(), (key) => key)
    expect(times.get('k7')).toHaveLength(3)
    expect([...times.values()].filter((all) => all.length === 1)).toHaveLength(19)
    expect(one.look()).toMatchObject({ ended: 20, failed: 0 })
  })
})
