import { afterEach, expect, test, vi } from 'vitest'
import { openDuck } from './duckdb.ts'

afterEach(() => vi.unstubAllEnvs())

test('a DuckDB that could not start is started anew for the next object', async () => {
  vi.stubEnv('SLUICE_MEMORY', 'much')
  await expect(openDuck()).rejects.toThrow()
  vi.unstubAllEnvs()
  const duck = await openDuck()
  expect(await duck.all('SELECT 1')).toEqual([[1]])
  duck.close()
})
