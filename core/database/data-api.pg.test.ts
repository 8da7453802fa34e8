import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Busy, Refused } from '../errors.ts'
import { openApi } from './data-api.fixture.ts'
import { openUrl } from './open-database.ts'

/** What the Data API alone asks for; what every Database does, its conformance suite says. */

let api: Awaited<ReturnType<typeof openApi>>

beforeAll(async () => {
  api = await openApi()
  await api.database.execute('CREATE TABLE t (v text)')
})
beforeEach(async () => {
  await api.database.execute('TRUNCATE t')
  api.endpoint.calls.length = 0
})
afterEach(() => {
  expect(api.endpoint.open).toBe(0)
})
afterAll(() => api.close())

const insert = `INSERT INTO t VALUES ('one')`
const standing = async () => (await api.database.query('SELECT v FROM t')).map(({ v }) => v)

describe('limits', () => {
  test.each([
    ['characters of four bytes', '😀'],
    ['text that JSON escapes twice', '"\\'],
    ['control characters', '\u0001'],
    ['letters', 'xyz'],
  ])('all calls stay within them while large rows of %s are read', async (_, text) => {
    const sql = 'SELECT n, repeat($1, 150000 * n) AS v FROM generate_series(1, 5) n'
    const rows = await api.database.read(sql, [text])
    expect(rows.map(({ v }) => (v as string).length)).toEqual(
      [1, 2, 3, 4, 5].map((n) => text.length * 150_000 * n),
    )
    const most = (of: 'requestBytes' | 'answerBytes') =>
      Math.max(...api.endpoint.calls.map((call) => call[of]))
    expect(api.endpoint.calls.map(({ error }) => error).filter(Boolean)).toEqual([])
    expect(most('requestBytes')).toBeLessThan(4 << 20)
    // Near to it, so that an answer takes few calls; never above, whatever the text.
    expect(most('answerBytes')).toBeGreaterThan(900_000)
    expect(most('answerBytes')).toBeLessThan(1 << 20)
  })

  test('an answer that is short takes one call, within a transaction too', async () => {
    const sql = 'SELECT n FROM generate_series(1, 10000) n'
    expect(await api.database.read(sql)).toHaveLength(10_000)
    expect(api.endpoint.calls.length).toBe(1)
    await api.database.transaction(async (tx) => {
      const before = api.endpoint.calls.length
      expect(await tx.read(sql)).toHaveLength(10_000)
      expect(api.endpoint.calls.length - before).toBe(1)
    })
  })

  test('an answer to query that is too large is an error, not a part of it', async () => {
    for (const sql of [
      `SELECT repeat('x', 70000) AS v`,
      `SELECT repeat('x', 60000) AS v FROM generate_series(1, 20)`,
    ]) {
      const told = { name: 'UnsupportedResultException' }
      await expect(api.database.query(sql)).rejects.toMatchObject(told)
      await expect(api.database.transaction((tx) => tx.query(sql))).rejects.toMatchObject(told)
    }
  })

  test('a script may have megabytes', async () => {
    const statements = `INSERT INTO t VALUES ('it''s :a');\n`.repeat(2_000)
    const script = `${statements}-- ${'x'.repeat(3 << 20)}`
    await api.database.transaction((tx) => tx.script(script))
    expect(await standing()).toEqual(Array(2_000).fill(`it's :a`))
  })

  test('a row that others hold for longer than a call lasts is Busy', async () => {
    await api.database.execute(insert)
    await api.database.transaction(async (holder) => {
      await holder.execute(`UPDATE t SET v = 'two'`)
      const late = api.database.transaction(async (tx) => {
        const [row] = await tx.query(`SELECT current_setting('lock_timeout') AS wait`)
        expect(row).toEqual({ wait: '30s' })
        await tx.execute(`SET LOCAL lock_timeout = '50ms'`)
        await tx.execute(`UPDATE t SET v = 'three'`)
      })
      await expect(late).rejects.toBeInstanceOf(Busy)
    })
    expect(await standing()).toEqual(['two'])
  })

  test('an object that is not there is an error, without the whole HTTP answer', async () => {
    const failed = api.database.transaction(async (tx) => {
      await tx.execute(insert)
      await tx.fetch({ table: 't', columns: ['v'] }, { bucket: 'file:///no/such', key: 'object' })
    })
    const error: Error = await failed.catch((told) => told)
    expect(error).toMatchObject({ code: 'XX000' })
    expect(error.message).toContain('404')
    expect(inspect(error)).not.toContain('x-amzn-errortype')
    expect(await standing()).toEqual([])
  })
})

describe('its URL', () => {
  const arn = 'arn:aws:rds:us-east-1:123456789012:cluster:sluice'
  test.each([
    'rds-data:',
    'rds-data://arn:aws:rds:us-east-1:123456789012:cluster:sluice?secret=a&database=b',
    'rds-data:nothing?secret=a&database=b',
    'rds-data:arn:aws:rds:us-east-1:123456789012:db:sluice?secret=a&database=b',
    `rds-data:${arn}`,
    `rds-data:${arn}?secret=a`,
    `rds-data:${arn}?database=b`,
    `rds-data:${arn}?secret=&database=b`,
  ])('%s is refused, and it is said what is allowed', (url) => {
    const allowed = 'rds-data:<ARN of the cluster>?secret=<ARN of its secret>&database=<name> is'
    expect(() => openUrl(url)).toThrow(Refused)
    expect(() => openUrl(url)).toThrow(allowed)
  })
})
