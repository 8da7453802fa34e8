import { expect, test, vi } from 'vitest'
import { silver } from '../functions/silver/handler.ts'
import type { Lake } from './lake.ts'
import { logWarning } from './log.ts'
import { MemoryStore } from './store/memory-store.ts'

vi.mock('./log.ts')

test.each([
  ['no JSON', 'not valid JSON'],
  ['{"what": "else"}', 'not an S3 notification'],
  [JSON.stringify(eventOf('other')), 'an event of bucket other, but the lake is'],
])('a message that cannot be taken is told, and fails: %s', async (body, why) => {
  const store = Object.create(new MemoryStore(), { url: { value: 's3://lake' } })
  const handler = silver({ store } as Lake, () => {})
  const message = { eventSource: 'aws:sqs', messageId: 'm1', receiptHandle: 'r', body }
  expect(await handler({ Records: [message] })).toEqual({
    batchItemFailures: [{ itemIdentifier: 'm1' }],
  })
  const [told, fault] = vi.mocked(logWarning).mock.lastCall ?? []
  expect(told).toContain('message m1 cannot be taken')
  expect(fault?.message).toContain(why)
})

function eventOf(name: string): object {
  const detail = { bucket: { name }, object: { key: 'bronze/shop/a.csv' } }
  return { source: 'aws.s3', detail }
}
