import { expect, test, vi } from 'vitest'
import { openPrivateDuck } from '../duck/duckdb.ts'
import { judge } from './judge.ts'
import type { Plan } from './plan.ts'

const told = "{'rule': 'type-error', 'field': 'f' || j, 'value': 'x', 'message': repeat('-', 60)}"
/** Errors of many records, of the last one first, as a plan would select them. */
const wrong = `SELECT 60000 - i AS record, i AS line, i AS "offset", 1::BIGINT AS "length",
  list_transform(range(50), j -> ${told}) AS errors FROM range(60000) t(i)`

test('more errors than memory has room for come in the order of the records', async () => {
  vi.stubEnv('SLUICE_MEMORY', '256MB')
  const duck = await openPrivateDuck()
  vi.unstubAllEnvs()
  try {
    const plan: Pick<Plan, 'wrong' | 'keys'> = { wrong: () => [wrong], keys: () => [] }
    const records: number[] = []
    for await (const { record, errors } of judge(duck, plan as Plan, '')) {
      records.push(record)
      if (errors.length !== 50) expect(errors).toHaveLength(50)
    }
    expect(records).toEqual(Array.from({ length: 60_000 }, (_, i) => i + 1))
  } finally {
    duck.close()
  }
}, 60_000)
