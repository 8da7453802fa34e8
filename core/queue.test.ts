import type { SQSRecord } from 'aws-lambda'
import { afterEach, expect, test, vi } from 'vitest'
import { openQueue, receivesOf, waitOf } from './queue.ts'

afterEach(() => vi.unstubAllEnvs())

test.each([
  [1, 2, 2],
  [2, 2, 4],
  [9, 2, 512],
  [10, 2, 900],
  [1_000, 2, 900],
  [1, 0.3, 1],
  [1, 900, 900],
])('received %d times, the first wait being %d s: %d s', (receives, first, longest) => {
  expect(waitOf(receives, first, 0)).toBe(longest)
  expect(waitOf(receives, first, 1)).toBe(
    Math.ceil(Math.min(900, first * 2 ** (receives - 1)) * 0.75),
  )
  for (let n = 0; n < 50; n++) {
    const wait = waitOf(receives, first)
    expect(Number.isInteger(wait)).toBe(true)
    expect(wait).toBeGreaterThanOrEqual(longest * 0.75)
    expect(wait).toBeLessThanOrEqual(longest)
  }
})

test.each([
  ['3', 3],
  ['x', 1],
  ['', 1],
  [undefined, 1],
])('a message that was received %j times by its attributes: %d', (told, receives) => {
  const message = { attributes: { ApproximateReceiveCount: told } } as unknown as SQSRecord
  expect(receivesOf(message)).toBe(receives)
})

test('a wait is a number, however often a message was received', () => {
  expect(waitOf(Number.NaN, 2, 0)).toBe(2)
})

test('waits differ by chance', () => {
  expect(new Set(Array.from({ length: 50 }, () => waitOf(8, 2))).size).toBeGreaterThan(5)
})

test('without the address of a queue nothing is given back early', () => {
  vi.stubEnv('QUEUE_URL', undefined)
  expect(openQueue()).toBeUndefined()
})

test.each(['', undefined])('a first wait of %j is the default', (seconds) => {
  vi.stubEnv('QUEUE_URL', 'https://sqs/q')
  vi.stubEnv('SLUICE_RETRY_SECONDS', seconds)
  expect(openQueue()).toBeDefined()
})

test.each(['soon', '0', '-1', '901', 'NaN'])('a first wait of %s is refused', (seconds) => {
  vi.stubEnv('SLUICE_RETRY_SECONDS', seconds)
  expect(() => openQueue()).toThrow('SLUICE_RETRY_SECONDS')
})
