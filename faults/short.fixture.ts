import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, inject, test } from 'vitest'
import { freshDatabase } from '../local/fresh-database.ts'
import type { Experiment } from './experiment.ts'
import { Server } from './server.ts'
import { attempt, type Wanted } from './trial.ts'

/** Beyond it a test is given up that had to end by itself. */
const GRACE_MS = 30_000

/** The short form of an experiment, as two tests. */
export function testShort(experiment: Experiment): void {
  const seed = Number(process.env.SLUICE_SEED ?? Math.floor(Math.random() * 1e9))
  const folder = mkdtempSync(join(tmpdir(), 'sluice-faults-'))
  const server = new Server(folder)
  const wanted: Wanted = {
    ...{ seed, size: 'short' },
    say: (text) => void process.stderr.write(`${text}\n`),
    // Tests of other needs are given no server.
    newDatabase: () => (inject('databaseUrl') ? freshDatabase() : server.newDatabase()),
  }
  const timeout = experiment.limit.short * 60_000 + GRACE_MS
  afterAll(async () => {
    await server.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  test('its judge finds the naive loader out', { timeout }, async () => {
    const { findings, fault } = await attempt(experiment, 'naive', wanted)
    expect({ fault, seed }).toEqual({ seed })
    expect(findings, `seed ${seed}`).not.toEqual([])
  })

  test(experiment.promise, { timeout }, async () => {
    const { findings, fault, notes } = await attempt(experiment, 'run', wanted)
    process.stderr.write(`${experiment.name}: seed ${seed}, ${JSON.stringify(notes)}\n`)
    expect({ findings, fault, seed }).toEqual({ findings: [], seed })
  })
}
