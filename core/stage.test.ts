import { beforeEach, describe, expect, test } from 'vitest'
import { none, type Outcome } from './outcome.ts'
import { handleEvent, type Stage } from './stage.ts'
import { MemoryStore } from './store/memory-store.ts'

let handled: string[]
let reported: Outcome[]
let store: MemoryStore
let stage: Stage

beforeEach(() => {
  handled = []
  reported = []
  store = new MemoryStore()
  stage = {
    name: 'silver',
    prefixes: ['bronze/'],
    lake: { store, withScratch: () => Promise.reject(new Error('not needed')) },
    async handle(key) {
      await store.head(key)
      handled.push(key)
      if (key.includes('fault')) throw new Error(`no disk for ${key}`)
      const end = { dataset: undefined, status: 'loaded' as const, reason: undefined, seconds: 0 }
      return key.includes('gone') ? undefined : { stage: 'silver', object: key, ...end, ...none }
    },
    stuck: async (folder) => [`${folder}/1.csv`, `${folder}/fault.csv`, `${folder}/2.csv`],
    report: (outcome) => reported.push(outcome),
  }
})

const notice = (...keys: string[]) => ({
  Records: keys.map((key) => ({
    eventSource: 'aws:s3',
    s3: { bucket: { name: 'lake' }, object: { key } },
  })),
})
const bridge = (key: string) => ({
  source: 'aws.s3',
  detail: { bucket: { name: 'lake' }, object: { key } },
})
const queue = (...bodies: unknown[]) => ({
  Records: bodies.map((body, n) => ({
    eventSource: 'aws:sqs',
    messageId: `m${n}`,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })),
})

describe('keys', () => {
  test.each([
    ['a notification', notice('bronze/p/a%2Bb+c%2Fd.csv'), 'bronze/p/a+b c/d.csv'],
    ['unicode', notice('bronze/p/%C3%BC%F0%9F%A6%86.csv'), 'bronze/p/ü🦆.csv'],
    [
      'EventBridge, encoded as LocalStack does',
      bridge('bronze/p/a+b%2Fc.csv'),
      'bronze/p/a b/c.csv',
    ],
    ['EventBridge, plain', bridge('bronze/p/a.csv'), 'bronze/p/a.csv'],
    ['a notification inside SQS', queue(notice('bronze/p/a+b.csv')), 'bronze/p/a b.csv'],
    ['EventBridge inside SQS', queue(bridge('bronze/p/a%20b.csv')), 'bronze/p/a b.csv'],
  ])('%s', async (_, event, key) => {
    expect(await handleEvent(stage, event)).toEqual({ batchItemFailures: [] })
    expect(handled).toEqual([key])
    expect(reported).toMatchObject([{ object: key, status: 'loaded' }])
  })

  test.each(['bronze/p/a+b%2Fc.csv', 'bronze/p/100%25.csv'])(
    'a plain key that looks encoded is itself where an object stands under it: %s',
    async (key) => {
      await store.put(key, Buffer.from('x'))
      await handleEvent(stage, bridge(key))
      await handleEvent(stage, notice(encodeURIComponent(key)))
      expect(handled).toEqual([key, key])
    },
  )

  test.each(['silver/p/a.csv', 'bronze', 'bronze2/a.csv', 'bronze/', 'bronze/p/'])(
    'the key %s is not of Bronze, and is passed over',
    async (key) => {
      expect(await handleEvent(stage, queue(notice(key)))).toEqual({ batchItemFailures: [] })
      expect([handled, reported]).toEqual([[], []])
    },
  )

  test.each(['bronze/../x.csv', 'bronze/%2e%2e/x.csv', 'bronze/a//b.csv', 'bronze/a\\..\\b'])(
    'the unsafe key %s is refused, and not given again',
    async (key) => {
      for (const event of [notice(encodeURIComponent(key)), bridge(key)]) {
        reported.length = 0
        expect(await handleEvent(stage, queue(event))).toEqual({ batchItemFailures: [] })
        expect(reported).toMatchObject([{ status: 'refused', ...none }])
      }
      expect(handled).toEqual([])
    },
  )
})

describe('faults', () => {
  test('of a batch, only the messages that failed are given again', async () => {
    const event = queue(
      notice('bronze/p/1.csv'),
      notice('bronze/p/fault.csv'),
      'no JSON',
      { what: 'else' },
      notice('bronze/p/2.csv'),
    )
    const failed = ['m1', 'm2', 'm3'].map((itemIdentifier) => ({ itemIdentifier }))
    expect(await handleEvent(stage, event)).toEqual({ batchItemFailures: failed })
    expect(reported.map(({ status }) => status)).toEqual(['loaded', 'failed', 'loaded'])
    expect(reported[1]?.reason).toBe('no disk for bronze/p/fault.csv')
  })

  test('a batch of which all fail is an answer, too', async () => {
    const answer = await handleEvent(stage, queue(notice('bronze/p/fault.csv')))
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }] })
  })

  test('an object that fails does not keep the others of its event from theirs', async () => {
    const event = notice('bronze/p/fault.csv', 'bronze/p/1.csv')
    await expect(handleEvent(stage, event)).rejects.toThrow('no disk')
    expect(handled).toEqual(['bronze/p/fault.csv', 'bronze/p/1.csv'])
  })

  test('an unknown event is thrown back', async () => {
    await expect(handleEvent(stage, { hello: 1 })).rejects.toThrow('not an S3 notification')
  })

  test('an event of another bucket than the lake is thrown back', async () => {
    const other = {
      ...stage,
      lake: { ...stage.lake, store: Object.create(store, { url: { value: 's3://ours' } }) },
    }
    await expect(handleEvent(other, notice('bronze/p/1.csv'))).rejects.toThrow('s3://ours')
  })
})

test('a descriptor lets what is stuck through, whatever becomes of each', async () => {
  await expect(handleEvent(stage, notice('bronze/p/datapackage.yaml'))).rejects.toThrow('no disk')
  expect(handled).toEqual(['bronze/p/1.csv', 'bronze/p/fault.csv', 'bronze/p/2.csv'])
  expect(reported.map(({ status }) => status)).toEqual(['loaded', 'failed', 'loaded'])
})

test('an object that is gone is not told of', async () => {
  expect(await handleEvent(stage, notice('bronze/p/gone.csv'))).toEqual({ batchItemFailures: [] })
  expect(reported).toEqual([])
})

test("S3's test event and an empty batch are well", async () => {
  const nothing = { batchItemFailures: [] }
  expect(await handleEvent(stage, { Event: 's3:TestEvent' })).toEqual(nothing)
  expect(await handleEvent(stage, queue({ Event: 's3:TestEvent' }))).toEqual(nothing)
  expect(await handleEvent(stage, { Records: [] })).toEqual(nothing)
})

describe('what a batch has in common', () => {
  const end = (object: string): Outcome => {
    const known = { dataset: undefined, status: 'loaded' as const, reason: undefined, seconds: 0 }
    return { stage: 'silver', object, ...known, ...none }
  }
  const three = () => queue(...['a', 'b', 'c'].map((name) => notice(`bronze/p/${name}.csv`)))

  test('is done first, and told in the order of the messages; the others are handled', async () => {
    const asked: string[][] = []
    const together = async (keys: string[]) => {
      asked.push(keys)
      return [end('bronze/p/c.csv'), end('bronze/p/a.csv')]
    }
    expect(await handleEvent({ ...stage, together }, three())).toEqual({ batchItemFailures: [] })
    expect(asked).toEqual([['bronze/p/a.csv', 'bronze/p/b.csv', 'bronze/p/c.csv']])
    expect(handled).toEqual(['bronze/p/b.csv'])
    expect(reported.map(({ object }) => object)).toEqual(asked[0])
  })

  test('a second message of a key is handled: it may be of a later version', async () => {
    const together = async () => [end('bronze/p/a.csv')]
    const twice = queue(notice('bronze/p/a.csv'), notice('bronze/p/a.csv'))
    await handleEvent({ ...stage, together }, twice)
    expect(handled).toEqual(['bronze/p/a.csv'])
    expect(reported).toHaveLength(2)
  })

  test('where it fails, each message is handled by itself', async () => {
    const together = () => Promise.reject(new Error('no database'))
    await handleEvent({ ...stage, together }, three())
    expect(handled).toHaveLength(3)
  })

  test('is no matter of one message, of strange ones and of proposals', async () => {
    const asked: string[][] = []
    const together = async (keys: string[]) => {
      asked.push(keys)
      return []
    }
    await handleEvent({ ...stage, together }, queue(notice('bronze/p/a.csv')))
    expect(asked).toEqual([])
    const proposal = notice('bronze/p/datapackage.proposed.yaml')
    const all = queue('no JSON', bridge('bronze/p/100%25.csv'), proposal, notice('bronze/p/a.csv'))
    await handleEvent({ ...stage, together }, all)
    expect(asked).toEqual([['bronze/p/a.csv']])
  })
})

test('of several faults at once, as of a name with two addresses, each is told', async () => {
  const faults = ['::1', '127.0.0.1'].map((host) => new Error(`connect ECONNREFUSED ${host}:5432`))
  stage.handle = () => Promise.reject(new AggregateError(faults))
  await handleEvent(stage, queue(notice('bronze/p/a.csv')))
  const reason = 'connect ECONNREFUSED ::1:5432; connect ECONNREFUSED 127.0.0.1:5432'
  expect(reported).toMatchObject([{ status: 'failed', reason }])
})
