import { expect, test } from 'vitest'
import { Busy } from '../core/errors.ts'
import { Turns } from './turns.ts'

const never = new AbortController().signal
const LONG = 60_000

/** Whether a promise is settled by now, told after everything that is ready has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const later = new Promise((resolve) => setImmediate(resolve, 'later'))
  return (await Promise.race([promise.catch(() => {}), later])) !== 'later'
}

test('so many at once, and the others in their order', async () => {
  const turns = new Turns(2)
  const [first, second] = await Promise.all([turns.take(LONG, never), turns.take(LONG, never)])
  const order: string[] = []
  const wait = async (name: string) => {
    await turns.take(LONG, never)
    order.push(name)
  }
  const third = wait('third')
  const fourth = wait('fourth')
  expect(await isSettled(third)).toBe(false)
  first()
  await third
  expect(await isSettled(fourth)).toBe(false)
  second()
  await fourth
  expect(order).toEqual(['third', 'fourth'])
  expect(await isSettled(turns.take(LONG, never))).toBe(false)
})

test('a turn that nobody waits for is free', async () => {
  const turns = new Turns(1)
  for (let i = 0; i < 3; i++) (await turns.take(LONG, never))()
  expect(await isSettled(turns.take(LONG, never))).toBe(true)
})

test('whose patience ends is told so, and takes no turn', async () => {
  const turns = new Turns(1)
  const end = await turns.take(LONG, never)
  await expect(turns.take(1, never)).rejects.toThrow(Busy)
  end()
  expect(await isSettled(turns.take(LONG, never))).toBe(true)
})

test('who is gone waits no more, and takes no turn', async () => {
  const turns = new Turns(1)
  const end = await turns.take(LONG, never)
  const gone = new AbortController()
  const waiting = turns.take(LONG, gone.signal)
  gone.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
  await expect(turns.take(LONG, gone.signal)).rejects.toThrow('gone')
  end()
  expect(await isSettled(turns.take(LONG, never))).toBe(true)
})
