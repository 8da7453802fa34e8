import type { Lake } from '../core/lake.ts'
import { logFault, logJob } from '../core/log.ts'
import { maintenance } from '../functions/maintenance/handler.ts'

const MINUTE = 60_000
/**
 * Milliseconds before the first of each job, and between two of them: as the stack's schedules have
 * it (infra/shape.ts), but that a look at a shard costs nothing here.
 */
const jobs = {
  tick: { first: 0, every: MINUTE / 6 },
  compact: { first: 60 * MINUTE, every: 60 * MINUTE },
  vacuum: { first: 90 * MINUTE, every: 24 * 60 * MINUTE },
}

/**
 * Does a lake's maintenance, in the place of EventBridge's schedules. A job that fails is told, and
 * has its next turn.
 *
 * @returns what ends it: it resolves when the jobs in hand have ended
 */
export function startJobs(lake: Lake): () => Promise<void> {
  const run = maintenance(lake, (job, done) => {
    if (Object.values(done).some(isNews)) logJob(job, done)
  })
  const ends = Object.entries(jobs).map(([job, { first, every }]) => {
    const work = () => run({ job }).catch((fault: unknown) => logFault(`${job} has failed`, fault))
    return repeat(work, first, every)
  })
  return async () => {
    await Promise.all(ends.map((end) => end()))
  }
}

/** One at a time; the time between two is from the end of one to the begin of the next. */
function repeat(work: () => Promise<void>, first: number, every: number): () => Promise<void> {
  let isOver = false
  let working = Promise.resolve()
  let timer = setTimeout(next, first)
  function next(): void {
    working = work().then(() => {
      if (!isOver) timer = setTimeout(next, every)
    })
  }
  return () => {
    isOver = true
    clearTimeout(timer)
    return working
  }
}

function isNews(what: unknown): boolean {
  return Array.isArray(what) ? what.length > 0 : Number(what) > 0
}
