import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Database, type Transaction, Unacceptable } from './database.ts'
import { answers } from './database-answers.conformance.ts'
import { incoming } from './database-rows.conformance.ts'
import { statements } from './database-statements.conformance.ts'

/** One database, reached twice: each has connections of its own. */
export interface Opened {
  database: Database
  other: Database
  close(): Promise<void>
}

/**
 * What every Database must do, whichever it is. Where they may differ, the suite says how: a time
 * is a Date or its ISO text, a numeric and a bigint of an array a number or its text (answers);
 * rows are sent or fetched (incoming); a message may lack Postgres' detail, and whether it is the
 * data's fault is told by a transaction or an attempt, not by each statement (statements).
 */
export function conformance(name: string, open: () => Promise<Opened>): void {
  describe(`${name} as a database`, () => {
    let opened: Opened
    beforeAll(async () => {
      opened = await open()
      await opened.database.transaction((tx) => tx.script(tables))
    })
    beforeEach(async () => {
      await opened.database.execute('TRUNCATE t, child')
    })
    afterAll(async () => {
      await Promise.all([opened.database.end(), opened.other.end()])
      await opened.close()
    })
    const given = () => opened
    transactions(given)
    attempts(given)
    locks(given)
    answers(given)
    statements(given)
    incoming(given)
  })
}

const tables = `
  CREATE TABLE t (id bigint PRIMARY KEY, v text CHECK (v <> 'never'));
  CREATE TABLE child (t bigint REFERENCES t DEFERRABLE INITIALLY DEFERRED)`

const insert = (tx: Transaction, id: number) => tx.execute('INSERT INTO t VALUES ($1)', [id])

/** As others see them. */
async function idsOf({ other }: Opened): Promise<unknown[]> {
  return (await other.query('SELECT id FROM t ORDER BY id')).map(({ id }) => id)
}

function transactions(given: () => Opened): void {
  test('a transaction commits all that was done; others see it then, and not before', async () => {
    const done = await given().database.transaction(async (tx) => {
      await insert(tx, 1)
      await insert(tx, 2)
      expect(await tx.query('SELECT count(*) AS n FROM t')).toEqual([{ n: 2 }])
      expect(await idsOf(given())).toEqual([])
      return 'done'
    })
    expect([done, await idsOf(given())]).toEqual(['done', [1, 2]])
  })

  test('nothing stands where the work throws, and that very error is told', async () => {
    const error = new Error('no more')
    // More often than there are connections, if each were lost.
    for (let n = 0; n < 10; n++) {
      const failed = given().database.transaction(async (tx) => {
        await insert(tx, 1)
        throw error
      })
      await expect(failed).rejects.toBe(error)
    }
    expect(await idsOf(given())).toEqual([])
  })

  test.each([
    ['a statement', 'INSERT INTO t VALUES (1)', 'duplicate key'],
    ['a constraint that waits for the commit', 'INSERT INTO child VALUES (3)', 'foreign key'],
  ])('nothing stands where %s fails', async (_, sql, why) => {
    const failed = given().database.transaction(async (tx) => {
      await insert(tx, 1)
      await tx.execute(sql)
    })
    await expect(failed).rejects.toBeInstanceOf(Unacceptable)
    await expect(failed).rejects.toThrow(why)
    expect(await idsOf(given())).toEqual([])
  })

  test('an error that the work keeps to itself is told: nothing stands', async () => {
    const failed = given().database.transaction(async (tx) => {
      await insert(tx, 1)
      await tx.query('SELECT no_such_column').catch(() => {})
    })
    await expect(failed).rejects.toThrow()
    expect(await idsOf(given())).toEqual([])
  })

  test('two transactions at once do not meet', async () => {
    const { database, other } = given()
    const [one, two] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const work =
      (id: number, mine: PromiseWithResolvers<void>, theirs: PromiseWithResolvers<void>) =>
      async (tx: Transaction) => {
        await tx.execute('CREATE TEMP TABLE own ON COMMIT DROP AS SELECT $1::bigint AS id', [id])
        await insert(tx, id)
        mine.resolve()
        await theirs.promise
        expect(await tx.query('SELECT id FROM t')).toEqual([{ id }])
        expect(await tx.query('SELECT id FROM own')).toEqual([{ id }])
        if (id === 2) throw new Error('the second')
      }
    const both = [database.transaction(work(1, one, two)), other.transaction(work(2, two, one))]
    const ends = (await Promise.allSettled(both)).map(({ status }) => status)
    expect([ends, await idsOf(given())]).toEqual([['fulfilled', 'rejected'], [1]])
  })

  test('a temporary table lives to the end of its transaction, for nobody else', async () => {
    const { database, other } = given()
    const find = `SELECT to_regclass('pg_temp.own') IS NOT NULL AS there`
    await database.transaction(async (tx) => {
      await tx.execute('CREATE TEMP TABLE own ON COMMIT DROP AS SELECT 1 AS id')
      expect(await tx.query('SELECT id FROM pg_temp.own')).toEqual([{ id: 1 }])
      expect(await other.query(find)).toEqual([{ there: false }])
    })
    expect(await database.transaction((tx) => tx.query(find))).toEqual([{ there: false }])
  })
}

function attempts(given: () => Opened): void {
  const duplicate = (tx: Transaction) => tx.execute('INSERT INTO t VALUES (9), (9)')

  test('an attempt that fails undoes itself alone, and throws on', async () => {
    await given().database.transaction(async (tx) => {
      await insert(tx, 1)
      const error = new Error('of no statement')
      const failed = tx.attempt(async () => {
        await insert(tx, 2)
        throw error
      })
      await expect(failed).rejects.toBe(error)
      await expect(tx.attempt(() => duplicate(tx))).rejects.toBeInstanceOf(Unacceptable)
      const unknown = tx.attempt(() => tx.query('SELECT no_such_column'))
      await expect(unknown).rejects.toMatchObject({ code: '42703' })
      const got = await tx.attempt(async () => {
        await insert(tx, 3)
        return 'third'
      })
      expect(got).toBe('third')
      await insert(tx, 4)
    })
    expect(await idsOf(given())).toEqual([1, 3, 4])
  })

  test('an attempt is undone with the one around it; one that fails within, alone', async () => {
    await given().database.transaction(async (tx) => {
      const outer = tx.attempt(async () => {
        await insert(tx, 0)
        await tx.attempt(() => insert(tx, 1))
        throw new Error('outer')
      })
      await expect(outer).rejects.toThrow('outer')
      await tx.attempt(async () => {
        await insert(tx, 2)
        await expect(tx.attempt(() => duplicate(tx))).rejects.toThrow('duplicate')
        await insert(tx, 3)
      })
    })
    expect(await idsOf(given())).toEqual([2, 3])
  })
}

function locks(given: () => Opened): void {
  /** Holds a lock, does what it is told, and ends. */
  async function hold(by: Database, what: string, shared: boolean, then: () => Promise<unknown>) {
    await by.transaction(async (tx) => {
      await tx.lock(what, shared)
      await then()
    })
  }

  test.each([
    ['alone waits for one alone', false, false],
    ['alone waits for those who share', true, false],
    ['who shares waits for one alone', false, true],
  ])('%s, whether that commits or not', async (_, first, second) => {
    const { database, other } = given()
    for (const fails of [false, true]) {
      const order: string[] = []
      let waiting: Promise<void> | undefined
      const holding = hold(database, 'it', first, async () => {
        waiting = hold(other, 'it', second, async () => order.push('got'))
        // Time enough to get what is free: many calls, where one would do.
        for (let n = 0; n < 40; n++) await database.query('SELECT 1 AS one')
        order.push('let go')
        if (fails) throw new Error('rolled back')
      })
      await holding.catch((error: Error) => expect(error.message).toBe('rolled back'))
      await waiting
      expect(order).toEqual(['let go', 'got'])
    }
  })

  test('those who share hold a lock together, as do those of different locks', async () => {
    const { database, other } = given()
    for (const [one, two, shared] of [
      ['it', 'it', true] as const,
      ['it', 'that', false] as const,
    ]) {
      await hold(database, one, shared, () => hold(other, two, shared, async () => {}))
    }
  })

  test('of many who wait, one at a time gets it, each in the end, and twice is once', async () => {
    const { database, other } = given()
    let inside = 0
    const most: number[] = []
    const take = (by: Database) =>
      by.transaction(async (tx) => {
        await tx.lock('it')
        await tx.lock('it')
        most.push(++inside)
        await tx.query('SELECT 1 AS one')
        inside--
      })
    await Promise.all([database, other, database, other].map(take))
    expect(most).toEqual([1, 1, 1, 1])
  })
}
