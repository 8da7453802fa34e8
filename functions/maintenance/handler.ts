import * as z from 'zod'
import { readConfig } from '../../core/config.ts'
import { type Deadline, deadlineOf, type Invocation, noDeadline } from '../../core/deadline.ts'
import { type Lake, openLake } from '../../core/lake.ts'
import { logJob } from '../../core/log.ts'
import { check, parseCheck } from '../check.ts'
import { compact, NO_TIME } from './compact.ts'
import { tick } from './tick.ts'
import { vacuum } from './vacuum.ts'

/**
 * What a schedule asks for, and what is told of it: names of files may be too many for a line.
 * `left` is what there was no time for; the next schedule goes on with it.
 */
const jobs = {
  async tick(lake: Lake, deadline: Deadline) {
    const { ends, busy, left } = await tick(lake, { deadline })
    return { finished: ends.length, busy, left }
  },
  async compact(lake: Lake, deadline: Deadline) {
    const all = await compact(lake, { deadline })
    const partitions = all.filter(({ skipped }) => skipped !== NO_TIME)
    const sum = (name: 'before' | 'after' | 'rows') =>
      partitions.reduce((total, one) => total + one[name], 0)
    const skipped = partitions.filter((one) => one.skipped !== undefined).slice(0, 20)
    const left = all.length - partitions.length
    return { before: sum('before'), after: sum('after'), rows: sum('rows'), skipped, left }
  },
  async vacuum(lake: Lake, deadline: Deadline) {
    const { fences, orphans, checkpoints, unknown, left = 0 } = await vacuum(lake, { deadline })
    const counts = { fences: fences.length, orphans: orphans.length, unknown }
    return { ...counts, checkpoints: checkpoints.length, left }
  },
}

const names = Object.keys(jobs) as [keyof typeof jobs]
const allowed = names.map((job) => `{"job": "${job}"}`).join(' | ')
const schedule = z.object({ job: z.enum(names) })

/** @returns the handler of schedules: what is to be done in, a line of the log out */
export function maintenance(lake: Lake, report: typeof logJob) {
  return async (event: unknown, deadline = noDeadline): Promise<void> => {
    const found = schedule.safeParse(event)
    if (!found.success) {
      throw new Error(`the event of a schedule must be ${allowed}; found ${JSON.stringify(event)}`)
    }
    const { job } = found.data
    report(job, await jobs[job](lake, deadline))
  }
}

let ready: ReturnType<typeof maintenance> | undefined

/** The Lambda function of the schedules. */
export async function handler(event: unknown, invocation?: Invocation) {
  if (parseCheck(event)) return check('maintenance', () => openLake(readConfig().lake))
  ready ??= maintenance(openLake(readConfig().lake), logJob)
  return ready(event, deadlineOf(invocation))
}
