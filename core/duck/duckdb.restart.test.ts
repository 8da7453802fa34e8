import { readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

test('what another process has swept away is made anew', async () => {
  vi.stubEnv('SLUICE_MEMORY', '40MB')
  const name = `sluice-${process.pid}`
  const before = new Set(spills())
  // An engine of its own, which has spilled already.
  const duck = await openDuck(1)
  const sort = `CREATE TEMP TABLE "${name}" AS
    SELECT i, repeat('x', 100) || i AS t FROM range(600000) r(i) ORDER BY hash(i)`
  await duck.run(sort)
  await duck.run(`DROP TABLE "${name}"`)
  for (const spill of spills()) {
    if (!before.has(spill)) rmSync(join(tmpdir(), spill), { recursive: true })
  }
  duck.close()
  const again = await openDuck(1)
  await again.run(sort)
  await again.run(`DROP TABLE "${name}"`)
  again.close()
})

const spills = () => readdirSync(tmpdir()).filter((name) => name.startsWith('sluice-spill-'))
