import { beforeEach, expect, test } from 'vitest'
import { deadlineOf, noDeadline, TimeOver } from './deadline.ts'
import { none } from './outcome.ts'
import type { Left } from './queue.ts'
import { handleEvent, orGiveBack, type Stage } from './stage.ts'
import { MemoryStore } from './store/memory-store.ts'

/** What Lambda says of its time; every object takes 100 s of it. */
class Clock {
  left = 900_000
  getRemainingTimeInMillis(): number {
    return this.left
  }
}

let clock: Clock
let handled: string[]
let given: Left[]
let stage: Stage

beforeEach(() => {
  clock = new Clock()
  handled = []
  given = []
  stage = {
    name: 'silver',
    prefixes: ['bronze/'],
    lake: { store: new MemoryStore(), withScratch: () => Promise.reject(new Error('not needed')) },
    async handle(key) {
      clock.left -= 100_000
      handled.push(key.slice('bronze/p/'.length))
      if (key.includes('fault')) throw new Error('no disk')
      const end = { dataset: undefined, status: 'loaded' as const, reason: undefined, seconds: 0 }
      return { stage: 'silver', object: key, ...end, ...none }
    },
    // Like a ledger: what was handled is no longer stuck.
    stuck: async (folder) =>
      ['1', '2', '3', '4', '5', '6', '7', '8']
        .filter((name) => !handled.includes(name))
        .map((name) => `${folder}/${name}`),
    report: () => {},
    queue: { giveBack: async (left) => void given.push(...left) },
  }
})

const notice = (...names: string[]) => ({
  Records: names.map((name) => ({
    eventSource: 'aws:s3',
    s3: { bucket: { name: 'lake' }, object: { key: `bronze/p/${name}` } },
  })),
})
/** Messages named by their one object; `2*5` was received five times. */
const queue = (...names: string[]) => ({
  Records: names.map((name) => {
    const [key = '', receives = '1'] = name.split('*')
    const attributes = { ApproximateReceiveCount: receives }
    const body = JSON.stringify(notice(key))
    return { eventSource: 'aws:sqs', messageId: key, attributes, body }
  }),
})
const failures = (...names: string[]) => ({
  batchItemFailures: names.map((itemIdentifier) => ({ itemIdentifier })),
})
const givenBack = () =>
  given.map(({ message, fault }) => `${message.messageId} ${(fault as Error).name}`)

const eight = ['1', '2', '3', '4', '5', '6', '7', '8']

test('no message is begun once half of the time is over: those are given back', async () => {
  const answer = await handleEvent(stage, queue(...eight), deadlineOf(clock))
  expect(handled).toEqual(['1', '2', '3', '4', '5'])
  expect(answer).toEqual(failures('6', '7', '8'))
  expect(givenBack()).toEqual(['6 TimeOver', '7 TimeOver', '8 TimeOver'])
})

test.each([undefined, noDeadline])('without a context there is no limit: %j', async (deadline) => {
  expect(await handleEvent(stage, queue(...eight), deadline)).toEqual(failures())
  expect(deadlineOf(undefined)).toBe(noDeadline)
  expect([handled, given]).toEqual([eight, []])
})

test('a descriptor that lets many through goes on when its message comes again', async () => {
  const event = queue('datapackage.yaml')
  const answer = await handleEvent(stage, event, deadlineOf(clock))
  expect(answer).toEqual(failures('datapackage.yaml'))
  expect(givenBack()).toEqual(['datapackage.yaml TimeOver'])
  expect(handled).toEqual(['1', '2', '3', '4', '5'])
  clock.left = 900_000
  expect(await handleEvent(stage, event, deadlineOf(clock))).toEqual(failures())
  expect(handled).toEqual(eight)
})

test('a fault is what is told of a message that there was no time for, too', async () => {
  const body = JSON.stringify(notice('1', 'fault', '2', '3', '4', '5', '6'))
  const [message] = queue('1').Records
  await handleEvent(stage, { Records: [{ ...message, body }] }, deadlineOf(clock))
  expect(handled).toEqual(['1', 'fault', '2', '3', '4'])
  expect(givenBack()).toEqual(['1 Error'])
})

test('a direct event that there is no time for fails', async () => {
  await expect(handleEvent(stage, notice(...eight), deadlineOf(clock))).rejects.toThrow(TimeOver)
  expect(handled).toEqual(['1', '2', '3', '4', '5'])
})

test('messages that came most often are begun first, so that none always comes last', async () => {
  await handleEvent(stage, queue('1', '2*3', '3*2', '4*3', '5', '6', '7'), deadlineOf(clock))
  expect(handled).toEqual(['2', '4', '3', '1', '5'])
})

test('of a batch, what failed is given back, and nothing else', async () => {
  await handleEvent(stage, queue('1', 'fault', '2'))
  expect(givenBack()).toEqual(['fault Error'])
})

test('what keeps a whole batch from being handled gives all of it back, and fails', async () => {
  const away = new Error('the database is away')
  const start = () => Promise.reject(away)
  await expect(orGiveBack(stage.queue, queue('1', '2'), start)).rejects.toBe(away)
  expect(given.map(({ fault }) => fault)).toEqual([away, away])
  await expect(orGiveBack(stage.queue, notice('1'), start)).rejects.toBe(away)
  await expect(orGiveBack(undefined, queue('1'), start)).rejects.toBe(away)
  expect(await orGiveBack(stage.queue, queue('1'), async () => failures())).toEqual(failures())
  expect(given).toHaveLength(2)
})

test('no time for what comes after a batch: all of it comes again at once', async () => {
  const late = () => Promise.reject(new TimeOver())
  expect(await orGiveBack(stage.queue, queue('1', '2'), late)).toEqual(failures('1', '2'))
  expect(givenBack()).toEqual(['1 TimeOver', '2 TimeOver'])
  await expect(orGiveBack(stage.queue, notice('1'), late)).rejects.toThrow(TimeOver)
})
