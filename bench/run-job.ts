import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Done, Task } from './job.ts'

const run = promisify(execFile)

/** Runs the task in a process of its own, on this very Node, and checks the number of its rows. */
export async function runJob(task: Task, rows: number | undefined): Promise<Done> {
  const [node, ...args] = jobCommand(task)
  const { stdout } = await run(node, args)
  const done: Done = JSON.parse(stdout)
  mustBe(done.rows, rows, task.job)
  return done
}

export function jobCommand(task: Task): [node: string, ...args: string[]] {
  const profile = process.env.SLUICE_BENCH_PROFILE
  const flags = profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : []
  return [process.execPath, ...flags, join(import.meta.dirname, 'job.ts'), JSON.stringify(task)]
}

/** A side that did other work than it should is not compared. */
export function mustBe(found: number, wanted: number | undefined, what: string): void {
  if (wanted === undefined || found === wanted) return
  throw new Error(`${what}: ${found} rows, not ${wanted}; nothing is to be compared`)
}
