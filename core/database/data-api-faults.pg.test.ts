import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Fault } from '../../local/data-api/endpoint.ts'
import { openApi } from './data-api.fixture.ts'
import { type Database, type Transaction, Unacceptable } from './database.ts'

/** What becomes of a statement, or of a transaction, of which one call goes wrong. */

let api: Awaited<ReturnType<typeof openApi>>
let database: Database

beforeAll(async () => {
  api = await openApi()
  database = api.database
  await database.execute('CREATE TABLE t (v text)')
})
beforeEach(async () => {
  await database.execute('TRUNCATE t')
  api.endpoint.calls.length = 0
})
afterEach(() => {
  // Every fault has come, and no transaction is left.
  expect([api.endpoint.faults, api.endpoint.open]).toEqual([[], 0])
})
afterAll(() => api.close())

/** @param what an operation, or a part of a statement */
const isOf =
  (what: string): Fault['when'] =>
  ({ operation, sql = '' }) =>
    operation === what || sql.includes(what)

function fail(kind: Fault['kind'], what: string, times = 1): void {
  api.endpoint.faults.push({ kind, when: isOf(what), times })
}

/** How often it was asked for, whatever came of it. */
const asked = (what: string) => api.endpoint.calls.filter(isOf(what)).length

const insert = `INSERT INTO t VALUES ('one')`
const inserting = (tx: Transaction) => tx.execute(insert)
const standing = async () => (await database.query('SELECT v FROM t')).map(({ v }) => v)

test.each<[Fault['kind'], times: number]>([
  ['throttled', 3],
  ['resuming', 5],
  ['unavailable', 2],
  ['internal', 2],
  ['lost-request', 2],
])('%s: what is no part of a transaction is tried again', async (kind, times) => {
  fail(kind, 'INSERT', times)
  expect(await database.execute(insert)).toBe(1)
  expect([await standing(), asked('INSERT')]).toEqual([['one'], times + 1])
})

test('a lost answer of what is no part of a transaction: it may be done twice', async () => {
  fail('lost-answer', 'INSERT')
  expect(await database.execute(insert)).toBe(1)
  expect(await standing()).toEqual(['one', 'one'])
  fail('lost-answer', 'SELECT v')
  expect(await standing()).toEqual(['one', 'one'])
})

test.each<[Fault['kind'], times: number]>([
  ['throttled', 3],
  ['resuming', 3],
])('%s: nothing was done, so it is tried again within a transaction too', async (kind, times) => {
  fail(kind, 'INSERT', times)
  await database.transaction(inserting)
  expect([await standing(), asked('INSERT')]).toEqual([['one'], times + 1])
})

test.each<[Fault['kind']]>([
  ['unavailable'],
  ['internal'],
  ['lost-request'],
  ['lost-answer'],
  ['expired'],
  ['timeout'],
  ['killed'],
])('%s: a transaction fails as a whole, and no call of it is tried again', async (kind) => {
  fail(kind, 'two')
  const failed = database.transaction(async (tx) => {
    await inserting(tx)
    await tx.execute(`INSERT INTO t VALUES ('two')`)
  })
  await expect(failed).rejects.toThrow()
  expect([await standing(), asked('two'), asked('CommitTransaction')]).toEqual([[], 1, 0])
})

test('lost-answer in an attempt: it is undone, and the transaction goes on', async () => {
  fail('lost-answer', 'two')
  await database.transaction(async (tx) => {
    await inserting(tx)
    const failed = tx.attempt(() => tx.execute(`INSERT INTO t VALUES ('two')`))
    await expect(failed).rejects.toMatchObject({ code: 'ECONNRESET' })
  })
  expect([await standing(), asked('two')]).toEqual([['one'], 1])
})

test.each<[Fault['kind'], times: number, commits: number]>([
  ['throttled', 2, 3],
  ['resuming', 1, 2],
  ['unavailable', 2, 3],
  ['internal', 1, 2],
  ['lost-request', 3, 4],
  ['lost-answer', 1, 1],
])('COMMIT, %s: it resolves, for all stands', async (kind, times, commits) => {
  fail(kind, 'CommitTransaction', times)
  expect(await database.transaction(inserting)).toBe(1)
  expect([await standing(), asked('CommitTransaction')]).toEqual([['one'], commits])
})

test.each<[Fault['kind'], times: number, told: object]>([
  ['expired', 1, { name: 'TransactionNotFoundException' }],
  ['timeout', 1, { name: 'StatementTimeoutException' }],
  ['killed', 1, { code: '57P01' }],
  ['internal', 5, { name: 'InternalServerErrorException' }],
  ['lost-request', 5, { code: 'ECONNRESET' }],
])('COMMIT, %s: it rejects, and nothing stands', async (kind, times, told) => {
  fail(kind, 'CommitTransaction', times)
  await expect(database.transaction(inserting)).rejects.toMatchObject(told)
  expect([await standing(), asked('CommitTransaction')]).toEqual([[], times])
})

test.each<[Fault['kind'], times: number]>([
  ['throttled', 2],
  ['resuming', 2],
  ['internal', 1],
  ['lost-request', 1],
  ['timeout', 1],
])('BEGIN, %s: it is tried again', async (kind, times) => {
  fail(kind, 'BeginTransaction', times)
  await database.transaction(inserting)
  expect([await standing(), asked('BeginTransaction')]).toEqual([['one'], times + 1])
})

test('BEGIN whose answer is lost: another one begins, and the first ends by itself', async () => {
  const other = await openApi({ idleMs: 1_000 })
  other.endpoint.faults.push({ kind: 'lost-answer', when: isOf('BeginTransaction') })
  const sql = 'CREATE TABLE there AS SELECT 1 AS one'
  await other.database.transaction((tx) => tx.execute(sql))
  expect(other.endpoint.open).toBe(1)
  await expect.poll(() => other.endpoint.open, { timeout: 10_000 }).toBe(0)
  expect(await other.database.query('SELECT one FROM there')).toEqual([{ one: 1 }])
  await other.close()
})

test('a transaction that idles is over: a fault at its next call, and nothing stands', async () => {
  const other = await openApi({ idleMs: 200 })
  const create = 'CREATE TABLE t (v text)'
  for (const last of [create, undefined]) {
    const idle = other.database.transaction(async (tx) => {
      await tx.execute(create)
      await expect.poll(() => other.endpoint.open).toBe(0)
      if (last) await tx.execute(last)
    })
    await expect(idle).rejects.toMatchObject({ name: 'TransactionNotFoundException' })
    await expect(other.database.query('SELECT v FROM t')).rejects.toMatchObject({ code: '42P01' })
  }
  await other.close()
})

test.each<[Fault['kind'], times: number]>([
  ['lost-request', 2],
  ['lost-answer', 1],
  ['expired', 1],
  ['killed', 1],
])('ROLLBACK, %s: the error of the work is told', async (kind, times) => {
  const error = new Error('of the work')
  fail(kind, 'RollbackTransaction', times)
  const failed = database.transaction(async (tx) => {
    await inserting(tx)
    throw error
  })
  await expect(failed).rejects.toBe(error)
  expect(await standing()).toEqual([])
})

test('an error that the work keeps to itself is told: nothing stands', async () => {
  const failed = database.transaction(async (tx) => {
    await inserting(tx)
    await tx.query('SELECT no_such_column').catch(() => {})
  })
  await expect(failed).rejects.toMatchObject({ name: 'TransactionNotFoundException' })
  expect(await standing()).toEqual([])
})

test.each<[Fault['kind'], told: string]>([
  ['timeout', 'StatementTimeoutException'],
  ['killed', 'terminating connection'],
  ['expired', 'TransactionNotFoundException'],
])('%s in an attempt: the fault is told, not that its transaction is gone', async (kind, told) => {
  fail(kind, 'two')
  const failed = database.transaction((tx) =>
    tx.attempt(() => tx.execute(`INSERT INTO t VALUES ('two')`)),
  )
  await expect(failed).rejects.toThrow(told)
})

test('what cannot be undone is no verdict on the data: it is a fault', async () => {
  fail('lost-request', 'ROLLBACK TO')
  const failed = database.transaction((tx) =>
    tx.attempt(async () => {
      await inserting(tx)
      throw new Unacceptable('no such value')
    }),
  )
  await expect(failed).rejects.toThrow('Unacceptable: no such value')
  await expect(failed).rejects.not.toBeInstanceOf(Unacceptable)
  expect(await standing()).toEqual([])
})

test('an object that cannot be fetched is named, and its bucket', async () => {
  const failed = database.transaction((tx) =>
    tx.fetch({ table: 't', columns: ['v'] }, { bucket: 'file:///no-such-place', key: 'a.csv' }),
  )
  await expect(failed).rejects.toThrow('a.csv in bucket file:///no-such-place, us-east-1')
})

test('a row that another transaction holds is waited for, and then comes again', async () => {
  await database.transaction(async (tx) => {
    await tx.execute('LOCK TABLE t')
    const failed = database.transaction(async (other) => {
      await other.query(`SELECT set_config('lock_timeout', '50ms', true)`)
      await inserting(other)
    })
    await expect(failed).rejects.toMatchObject({
      name: 'Busy',
      message: expect.stringMatching(/^another load holds it: .*lock timeout/),
    })
  })
})
