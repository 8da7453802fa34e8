import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Outcome } from '../core/outcome.ts'

/** A process of ours under test: `sluice start`, or another script of this repository. */
export interface Running {
  child: ChildProcess
  /** What it has told so far, line by line. */
  lines: Outcome[]
  /** Its exit code, or null where it was killed. */
  ended: Promise<number | null>
}

const root = dirname(import.meta.dirname)
const running = new Map<ChildProcess, string>()

/** Ends at once all that still works on a lake below that folder. */
export function endBelow(folder: string): void {
  for (const [child, lake] of running) if (lake.startsWith(folder)) child.kill('SIGKILL')
}

export function startSluice(lake: string, url: string, ...args: string[]): Running {
  return startScript('cli/sluice.ts', ['start', '--lake', lake, '--json', ...args], lake, url)
}

/**
 * Its working files go below the lake, so that what a killed one leaves goes with it.
 *
 * @param more of its environment
 */
export function startScript(
  script: string,
  args: string[],
  lake: string,
  url: string,
  more: NodeJS.ProcessEnv = {},
): Running {
  const temporary = join(lake, '.tmp')
  mkdirSync(temporary, { recursive: true })
  const child = spawn(process.execPath, [join(root, script), ...args], {
    cwd: temporary,
    env: { ...process.env, DATABASE_URL: url, TMPDIR: temporary, ...more },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  running.set(child, lake)
  const lines: Outcome[] = []
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const whole = (rest + text).split('\n')
    rest = whole.pop() ?? ''
    lines.push(...whole.map((line) => JSON.parse(line)))
  })
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child)
    return code as number | null
  })
  return { child, lines, ended }
}
