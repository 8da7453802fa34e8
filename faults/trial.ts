import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endBelow } from './command.ts'
import type { Experiment, Size, Trial } from './experiment.ts'
import { seeded } from './random.ts'

export interface Wanted {
  seed: number
  size: Size
  newDatabase: Trial['newDatabase']
  say: (text: string) => void
  /** Leaves the trial's folder where it is. */
  keep?: boolean | undefined
}

/** What became of a trial. */
export interface Tried {
  findings: string[]
  notes: Record<string, number | string>
  seconds: number
}

/** Runs an experiment on Sluice, or does its fault to the naive loader, in a folder of its own. */
export async function attempt(
  experiment: Experiment,
  what: 'run' | 'naive',
  wanted: Wanted,
): Promise<Tried> {
  const { seed, size, keep = false, say } = wanted
  const folder = mkdtempSync(join(tmpdir(), `sluice-${experiment.name}-`))
  const notes: Tried['notes'] = {}
  const over = new AbortController()
  const trial: Trial = {
    ...{ seed, size, folder, random: seeded(seed), signal: over.signal },
    newDatabase: wanted.newDatabase,
    say: (text) => say(`${experiment.name}: ${text}`),
    note: (name, value) => {
      notes[name] = value
    },
  }
  const started = performance.now()
  const minutes = experiment.limit[size]
  const findings = await within(minutes, over, findingsOf(experiment[what](trial)))
  endBelow(folder)
  if (keep) say(`${experiment.name}: kept ${folder}`)
  else rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  return { findings, notes, seconds: (performance.now() - started) / 1000 }
}

/** That it threw is a finding, too. */
async function findingsOf(work: Promise<string[]>): Promise<string[]> {
  return work.catch((error: unknown) => [
    `it threw: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  ])
}

async function within(
  minutes: number,
  over: AbortController,
  work: Promise<string[]>,
): Promise<string[]> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string[]>((resolve) => {
    timer = setTimeout(() => {
      resolve([`not ended within ${minutes} minutes`])
      over.abort(new Error(`not ended within ${minutes} minutes`))
    }, minutes * 60_000)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
