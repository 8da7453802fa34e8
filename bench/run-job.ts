import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Done, Task } from './job.ts'

const run = promisify(execFile)

/** Runs the task in a process of its own, on this very Node, and checks the number of its rows. */
export async function runJob(task: Task, rows: number | undefined): Promise<Done> {
  const profile = process.env.SLUICE_BENCH_PROFILE
  const flags = profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : []
  const script = join(import.meta.dirname, 'job.ts')
  const { stdout } = await run(process.execPath, [...flags, script, JSON.stringify(task)])
  const done: Done = JSON.parse(stdout)
  mustBe(done.rows, rows, task.job)
  return done
}

/** A side that did other work than it should is not compared. */
export function mustBe(found: number, wanted: number | undefined, what: string): void {
  if (wanted === undefined || found === wanted) return
  throw new Error(`${what}: ${found} rows, not ${wanted}; nothing is to be compared`)
}
