import { expect, test } from 'vitest'
import type { StreamedRecord } from '../core/stream/kinesis.ts'
import { deliver } from './delivery.ts'

type Answer = string[] | Error | undefined | null

/** What a batch `abcdef` leads to: each call, by its letters, and how it was answered. */
interface Case {
  name: string
  bisect?: boolean
  calls: [string, Answer][]
  /** `<passed>` or `<tries>!`, as they were told. */
  told: string
}

const fault = new Error('no database')

const cases: Case[] = [
  { name: 'no failure: all is through', calls: [['abcdef', []]], told: '6' },
  { name: 'no answer: all is through', calls: [['abcdef', undefined]], told: '6' },
  { name: 'a null list: all is through', calls: [['abcdef', null]], told: '6' },
  {
    name: 'a record: what is before it is through, the rest comes again',
    calls: [
      ['abcdef', ['c']],
      ['cdef', ['c']],
      ['cdef', ['f']],
      ['f', []],
    ],
    told: '2 1! 2! 3 1! 1',
  },
  {
    name: 'several records: the first of them counts',
    calls: [
      ['abcdef', ['e', 'b', 'f']],
      ['bcdef', []],
    ],
    told: '1 1! 5',
  },
  {
    name: 'a record, with bisect: the batch is cut there, not halved',
    bisect: true,
    calls: [
      ['abcdef', ['e']],
      ['ef', ['e']],
      ['ef', []],
    ],
    told: '4 1! 2! 2',
  },
  {
    name: 'an empty or unknown name: nothing is through',
    calls: [
      ['abcdef', ['']],
      ['abcdef', ['c', 'unknown']],
      ['abcdef', []],
    ],
    told: '1! 2! 6',
  },
  {
    name: 'an error: the batch comes again as it was',
    calls: [
      ['abcdef', fault],
      ['abcdef', fault],
      ['abcdef', []],
    ],
    told: '1! 2! 6',
  },
  {
    name: 'an error, with bisect: halves, each until it is through',
    bisect: true,
    calls: [
      ['abcdef', fault],
      ['abc', []],
      ['def', fault],
      ['d', fault],
      ['d', fault],
      ['d', []],
      ['ef', []],
    ],
    told: '1! 3 1! 1! 2! 1 2',
  },
  {
    name: 'an unknown name, with bisect: halves too',
    bisect: true,
    calls: [
      ['abcdef', ['x']],
      ['abc', []],
      ['def', []],
    ],
    told: '1! 3 3',
  },
]

test.for(cases)('$name', async ({ bisect = false, calls, told }) => {
  const left = [...calls]
  const heard: string[] = []
  const call = async (batch: StreamedRecord[]) => {
    const [expected, answer] = left.shift()!
    expect(batch.map((record) => record.partitionKey).join('')).toBe(expected)
    if (answer instanceof Error) throw answer
    const names = answer?.map((letter) => ({ itemIdentifier: numberOf(letter) }))
    return { batchItemFailures: names } as never
  }
  const ear = {
    passed: (count: number) => heard.push(String(count)),
    failed: (_error: unknown, tries: number) => heard.push(`${tries}!`),
  }
  const options = { bisect, retry: { first: 0, longest: 0 } }
  await deliver(recordsOf('abcdef'), call, options, ear, new AbortController().signal)
  expect(left).toEqual([])
  expect(heard.join(' ')).toBe(told)
})

test('each try waits twice as long, up to the longest', async () => {
  const at: number[] = []
  const call = async () => {
    at.push(performance.now())
    if (at.length < 6) throw fault
    return { batchItemFailures: [] }
  }
  const options = { bisect: false, retry: { first: 20, longest: 80 } }
  const ear = { passed: () => {}, failed: () => {} }
  await deliver(recordsOf('ab'), call, options, ear, new AbortController().signal)
  const waits = at.slice(1).map((time, n) => time - at[n]!)
  for (const [n, least] of [20, 40, 80, 80, 80].entries()) {
    // Timers may fire a millisecond early.
    expect(waits[n]).toBeGreaterThanOrEqual(least - 1)
  }
  expect(at[5]! - at[0]!).toBeLessThan(2_000)
})

/** A record for each letter, which is its key. */
function recordsOf(letters: string): StreamedRecord[] {
  return [...letters].map((letter) => ({
    partitionKey: letter,
    sequenceNumber: numberOf(letter),
    data: Buffer.from(letter),
    arrived: new Date(),
  }))
}

function numberOf(letter: string): string {
  return letter && String(10n ** 55n + BigInt(letter.charCodeAt(0)))
}
