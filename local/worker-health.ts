import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The health check of a container looks how old it is. */
const file = join(tmpdir(), 'healthy')
const BEAT_MS = 5_000

/** A process before this one in the same container was healthy perhaps; this one is not, yet. */
export function notYet(): void {
  rmSync(file, { force: true })
}

/**
 * Touches a file as long as the process goes round: one that hangs, or has not begun, is seen by
 * the age of the file, without another process of Node's for each look.
 *
 * @returns what ends it
 */
export function beat(): () => void {
  writeFileSync(file, '.')
  // Written, not touched: whatever tidies the folder up may have removed it.
  const timer = setInterval(() => writeFileSync(file, '.'), BEAT_MS)
  return () => {
    clearInterval(timer)
    notYet()
  }
}
