import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Outcome } from '../core/outcome.ts'
import { TestLake } from '../functions/stages.fixture.ts'
import { Live } from './live.ts'
import { type Asked, heard, served } from './served.fixture.ts'

const end: Outcome = {
  ...{ stage: 'silver', object: 'bronze/p/a.csv', dataset: 'p.t', status: 'loaded' },
  ...{ reason: undefined, records: 9, accepted: 8, rejected: 1, waiting: 0, seconds: 1 },
}

/** Whose listeners are counted; the server itself is one. */
class CountedLive extends Live {
  count = 0

  override listen(listener: Parameters<Live['listen']>[0]): () => void {
    const leave = super.listen(listener)
    this.count++
    return () => {
      this.count--
      leave()
    }
  }
}

let files: TestLake
let live: CountedLive
let console: Asked
let leave: AbortController
beforeEach(async () => {
  files = new TestLake()
  live = new CountedLive()
  leave = new AbortController()
  console = await served(files.lake, { live })
})
afterEach(async () => {
  leave.abort()
  await console.close()
  files.close()
})

const pages = (count: number) => expect.poll(() => live.count).toBe(1 + count)

describe('a page hears', () => {
  it('what happens, as it happens, with what it is about', async () => {
    const events = heard(console, leave.signal)
    const first = events.next()
    await pages(1)
    live.end({ ...end, object: 'bronze/p/a\n\ndata: b.csv' })
    expect((await first).value).toMatchObject({
      event: 'end',
      data: { object: 'bronze/p/a\n\ndata: b.csv', records: 9, at: expect.stringMatching(/Z$/) },
    })
    live.tell('changed', { what: 'stream' })
    expect((await events.next()).value).toEqual({ event: 'changed', data: { what: 'stream' } })
  })

  it('of no path of this machine', async () => {
    const first = heard(console, leave.signal).next()
    await pages(1)
    live.end({ ...end, status: 'failed', reason: `ENOENT: open '${files.folder}/bronze/p/a.csv'` })
    const { data } = (await first).value!
    const name = files.folder.split('/').at(-1)
    expect(data).toMatchObject({ reason: `ENOENT: open '${name}/bronze/p/a.csv'` })
  })

  it('nothing that is no news', async () => {
    const first = heard(console, leave.signal).next()
    await pages(1)
    live.end({ ...end, status: 'unchanged' })
    live.end({ ...end, stage: 'streaming', status: 'published' })
    live.end({ ...end, object: 'last' })
    expect((await first).value).toMatchObject({ data: { object: 'last' } })
  })

  it('all of a burst, in order', async () => {
    const events = heard(console, leave.signal)
    const found: string[] = []
    const first = events.next()
    await pages(1)
    for (let n = 0; n < 1_500; n++) live.end({ ...end, object: `${n}` })
    for (let one = await first; ; one = await events.next()) {
      if (one.value!.event !== 'end') continue
      if (found.push(one.value!.data.object) === 1_500) break
    }
    expect(found).toEqual(Array.from({ length: 1_500 }, (_, n) => `${n}`))
  })

  it('nothing any more once it is gone', async () => {
    const events = heard(console, leave.signal)
    const first = events.next().catch(() => {})
    await pages(1)
    leave.abort()
    await first
    await pages(0)
  })
})

it('a page that reads nothing is cut off, and others are not', async () => {
  const events = heard(console, leave.signal)
  const first = events.next()
  await pages(1)
  const socket = connect(console.port, '127.0.0.1')
  socket.pause().write(`GET /api/live HTTP/1.1\r\nhost: 127.0.0.1:${console.port}\r\n\r\n`)
  await pages(2)
  const long = { ...end, object: 'x'.repeat(50_000) }
  let told = 0
  let next = first
  while (live.count > 2) {
    live.end(long)
    told++
    await next
    next = events.next()
  }
  expect(live.count).toBe(2)
  // What the sockets take, and some 80 of them here.
  expect(told).toBeLessThan(1_000)
  socket.destroy()
  next.catch(() => {})
})
