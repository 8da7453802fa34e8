import { createServer } from 'node:net'
import pg from 'pg'
import { expect, test, vi } from 'vitest'
import { isAway, untilThere, whyAway } from './until-there.ts'

const fault = (code: string, message = 'away') => Object.assign(new Error(message), { code })

/** Fails as often as it is told, and counts. */
function failing(times: number, error = fault('ECONNREFUSED')) {
  const work = async () => {
    work.calls += 1
    if (work.calls <= times) throw error
  }
  work.calls = 0
  return work
}

test('the work is done again until the database is there', async () => {
  const work = failing(3)
  await untilThere(work, { seconds: 5 })
  expect(work.calls).toBe(4)
})

test('what is no absence is thrown at once', async () => {
  const work = failing(1, fault('28P01'))
  await expect(untilThere(work, { seconds: 5 })).rejects.toMatchObject({ code: '28P01' })
  expect(work.calls).toBe(1)
})

test('patience ends, and is not passed by a last long pause', async () => {
  const started = performance.now()
  await expect(untilThere(failing(99), { seconds: 0.4 })).rejects.toThrow('away')
  expect(performance.now() - started).toBeLessThan(600)
})

test('after a moment it is told, once, what is waited for', async () => {
  const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  try {
    await untilThere(failing(6, fault('57P03', 'the database system is starting up')), {
      seconds: 13,
    })
    const line = 'sluice: waiting for Postgres: the database system is starting up\n'
    expect(told.mock.calls).toEqual([[line]])
  } finally {
    told.mockRestore()
  }
}, 20_000)

test('with a signal it ends by that alone', async () => {
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 500)
  const work = failing(99)
  await expect(untilThere(work, { seconds: 0, stop: stop.signal })).rejects.toThrow('away')
  expect(work.calls).toBeGreaterThan(2)
})

test.each(['ECONNREFUSED', 'EHOSTUNREACH', 'ENOTFOUND', 'EAI_AGAIN', '57P03', '53300'])(
  '%s passes',
  (code) => {
    expect(isAway(fault(code))).toBe(true)
  },
)

test('a host that says nothing is away, by what node-postgres throws', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  const { port } = silent.address() as { port: number }
  const place = { host: '127.0.0.1', port, user: 'u', password: 'p', max: 1 }
  const pool = new pg.Pool({ ...place, connectionTimeoutMillis: 50 })
  const both = await Promise.allSettled([pool.connect(), pool.connect()])
  expect(both.map((one) => one.status === 'rejected' && isAway(one.reason))).toEqual([true, true])
  await pool.end()
  silent.close()
})

test('a fault without a text is told by its code', () => {
  expect(whyAway(fault('ECONNREFUSED', ''))).toBe('ECONNREFUSED')
  expect(whyAway(fault('ECONNREFUSED'))).toBe('away')
})
