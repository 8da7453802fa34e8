import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Duck, openDuck } from '../../core/duck/duckdb.ts'
import { Busy } from '../../core/errors.ts'
import { Crash, dying } from '../dying.fixture.ts'
import { resource, TestLake } from '../stages.fixture.ts'
import { refine } from './refine.ts'

/** Crashes and rivals: what a plain glob sees once the stage has ended is every row once. */

let files: TestLake
let duck: Duck

beforeEach(async () => {
  begin()
  duck = await openDuck()
})
afterEach(() => {
  duck.close()
  files.close()
})

function begin(): void {
  files = new TestLake()
  files.describe('p', resource('t', ['id:integer', 'kind'], {}, { partitionBy: ['kind'] }))
}

const object = 'bronze/p/t/a.csv'

async function ids(): Promise<number[]> {
  const path = join(files.folder, 'silver/p/t/**/*.parquet')
  const sql = `SELECT id::INT FROM read_parquet('${path}', hive_partitioning = true) ORDER BY id`
  return (await duck.all(sql)).map(([id]) => id as number)
}

/** An event that comes again when no other writer's intent lives; time passes at once here. */
async function undisturbed(key = object): Promise<void> {
  const real = Date.now
  Date.now = () => real() + 60_000
  try {
    await refine(files.lake, key)
  } finally {
    Date.now = real
  }
}

test.each([false, true])(
  'a crash at any write, then one undisturbed run (after it: %s)',
  async (after) => {
    for (let nth = 1; ; nth++) {
      files.close()
      begin()
      files.put(object, 'id,kind\n1,a\n2,b\nx,b\n')
      await refine(files.lake, object)
      files.put(object, 'id,kind\n2,b\n3,c\ny,b\n')
      const lake = dying(files.lake, nth, after)
      await refine(lake, object).catch((error) => expect(error).toBeInstanceOf(Crash))
      await undisturbed()
      expect(await ids(), `crash at write ${nth}`).toEqual([2, 3])
      if (lake.calls() < nth) {
        expect(nth).toBeGreaterThan(6)
        return
      }
    }
  },
)

test('a crash of the very first version leaves nothing that is not buried', async () => {
  files.put(object, 'id,kind\n1,a\n2,b\n')
  await expect(refine(dying(files.lake, 3, true), object)).rejects.toThrow(Crash)
  await expect(refine(files.lake, object)).rejects.toThrow(Busy)
  await undisturbed()
  expect(await ids()).toEqual([1, 2])
})

test('dead files are buried under their own schema, even if the contract broke', async () => {
  files.put(object, 'id,kind\n1,a\n2,b\n')
  await expect(refine(dying(files.lake, 3, true), object)).rejects.toThrow(Crash)
  files.describe('p', resource('t', ['id:nonsense', 'kind']))
  await undisturbed()
  files.describe('p', resource('t', ['id:integer', 'kind'], {}, { partitionBy: ['kind'] }))
  await undisturbed()
  expect(await ids()).toEqual([1, 2])
})

test('eight at once over one key and over many: every row once', async () => {
  const keys = Array.from({ length: 6 }, (_, n) => `bronze/p/t/${n}.csv`)
  for (const [n, key] of keys.entries()) files.put(key, `id,kind\n${n},a\n${n + 10},b\n`)
  const writers = Array.from({ length: 8 }, async (_, n) => {
    for (const key of [keys[0]!, ...keys.slice(n % 6), ...keys.slice(0, n % 6)]) {
      await refine(files.lake, key).catch((error) => expect(error).toBeInstanceOf(Busy))
    }
  })
  await Promise.all(writers)
  for (const key of keys) await refine(files.lake, key)
  expect(await ids()).toEqual([0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15])
})
