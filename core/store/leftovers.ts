import { readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Removes what killed processes left in /tmp: copies of objects, spilled tables. Where a process is
 * alone in it, and it outlives the process, the next one would find its disk full. That is so on
 * Lambda, and in a container whose /tmp is a volume of its own: SLUICE_TMP_OWNER says so there.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
 *
 * Elsewhere other processes live in the same folder, and nothing is done.
 */
export function sweepLeftovers(): void {
  if (swept || !isAlone()) return
  swept = true
  for (const name of readdirSync(tmpdir())) {
    if (ours.test(name)) rmSync(join(tmpdir(), name), { recursive: true, force: true })
  }
}

/**
 * SLUICE_TMP_OWNER is a process id, in a container 1: commands that are run beside its main process
 * (`docker exec`) have the same variable, and must not take away what that one works on.
 */
function isAlone(): boolean {
  if (process.env.SLUICE_TMP_OWNER === `${process.pid}`) return true
  return process.env.LAMBDA_TASK_ROOT?.startsWith('/var/task') ?? false
}

let swept = false
const ours = /^(sluice|work)-/
