import { z } from 'zod'
import { readConfig } from '../../core/config.ts'
import { type Lake, openLake } from '../../core/lake.ts'
import { logJob } from '../../core/log.ts'
import { compact } from './compact.ts'
import { tick } from './tick.ts'
import { vacuum } from './vacuum.ts'

/** What a schedule asks for, and what is told of it: names of files may be too many for a line. */
const jobs = {
  async tick(lake: Lake) {
    const { ends, busy } = await tick(lake)
    return { finished: ends.length, busy }
  },
  async compact(lake: Lake) {
    const partitions = await compact(lake)
    const sum = (name: 'before' | 'after' | 'rows') =>
      partitions.reduce((total, one) => total + one[name], 0)
    const skipped = partitions.filter((one) => one.skipped !== undefined).slice(0, 20)
    return { before: sum('before'), after: sum('after'), rows: sum('rows'), skipped }
  },
  async vacuum(lake: Lake) {
    const { fences, orphans, checkpoints, unknown } = await vacuum(lake)
    const counts = { fences: fences.length, orphans: orphans.length, unknown }
    return { ...counts, checkpoints: checkpoints.length }
  },
}

const names = Object.keys(jobs) as [keyof typeof jobs]
const allowed = names.map((job) => `{"job": "${job}"}`).join(' | ')
const schedule = z.object({ job: z.enum(names) })

/** @returns the handler of schedules: what is to be done in, a line of the log out */
export function maintenance(lake: Lake, report: typeof logJob) {
  return async (event: unknown): Promise<void> => {
    const found = schedule.safeParse(event)
    if (!found.success) {
      throw new Error(`the event of a schedule must be ${allowed}; found ${JSON.stringify(event)}`)
    }
    const { job } = found.data
    report(job, await jobs[job](lake))
  }
}

let ready: ReturnType<typeof maintenance> | undefined

/** The Lambda function of the schedules. */
export async function handler(event: unknown): Promise<void> {
  ready ??= maintenance(openLake(readConfig().lake), logJob)
  return ready(event)
}
