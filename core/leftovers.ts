import { readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Removes what killed processes left in /tmp: copies of objects, spilled tables. On Lambda a
 * process is alone in it, and it outlives the process: the next one would find its disk full.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
 *
 * Elsewhere other processes live in the same folder, and nothing is done.
 */
export function sweepLeftovers(): void {
  if (swept || !process.env.LAMBDA_TASK_ROOT?.startsWith('/var/task')) return
  swept = true
  for (const name of readdirSync(tmpdir())) {
    if (ours.test(name)) rmSync(join(tmpdir(), name), { recursive: true, force: true })
  }
}

let swept = false
const ours = /^(sluice|work)-/
