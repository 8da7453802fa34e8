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
  /** Why it came to no end of its own: it threw, or its limit was over. */
  fault?: string
  notes: Record<string, number | string>
  seconds: number
}

/** Runs an experiment on Sluice, or does its fault to the naive loader, in a folder of its own. */
export async function attempt(
  experiment: Experiment,
  what: 'run' | 'naive',
  wanted: Wanted,
): Promise<Tried> {
  const { seed, size, keep = false } = wanted
  const say = (text: string) => wanted.say(`${experiment.name}: ${text}`)
  const folder = mkdtempSync(join(tmpdir(), `sluice-${experiment.name}-`))
  const notes: Tried['notes'] = {}
  const over = new AbortController()
  const trial: Trial = {
    ...{ seed, size, folder, say, random: seeded(seed), signal: over.signal },
    newDatabase: async () => {
      const made = await wanted.newDatabase()
      return keep ? { ...made, drop: async () => {} } : made
    },
    note: (name, value) => {
      notes[name] = value
    },
  }
  const started = performance.now()
  const end = await endWithin(experiment.limit[size], over, experiment[what](trial))
  endBelow(folder)
  if (keep) say(`kept ${folder}`)
  else rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  return { ...end, notes, seconds: (performance.now() - started) / 1000 }
}

type End = Pick<Tried, 'findings' | 'fault'>

async function endWithin(
  minutes: number,
  over: AbortController,
  work: Promise<string[]>,
): Promise<End> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<End>((resolve) => {
    timer = setTimeout(() => {
      const fault = `not ended within ${minutes} minutes`
      resolve({ findings: [], fault })
      over.abort(new Error(fault))
    }, minutes * 60_000)
  })
  try {
    return await Promise.race([endOf(work), late])
  } finally {
    clearTimeout(timer)
  }
}

function endOf(work: Promise<string[]>): Promise<End> {
  return work.then(
    (findings) => ({ findings }),
    (error: unknown) => {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
      return { findings: [], fault: `it threw: ${why}` }
    },
  )
}
