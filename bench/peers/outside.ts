import { spawn } from 'node:child_process'
import { tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'

/** What a process and all that it started took, seen from outside. */
export interface Taken {
  /** From its start to its end. */
  seconds: number
  /** CPU seconds, user and system. */
  cpu: number
  /** The most resident memory at once, MiB. */
  peak: number
}

/** One that ended well, with the lines that it printed; or why it did not. */
export type Ended =
  | { end: 'done'; taken: Taken; said: string[] }
  | { end: 'stopped' | 'failed'; reason: string }

/** A run that takes more is stopped, and told so: with more memory it would take the machine. */
const most = { minutes: 15, gib: Math.min(20, Math.floor((totalmem() / 2 ** 30) * 0.85)) }

/** Of what a process says of its end, so much is kept. */
const REASON = 300

/** Runs a command as a process of its own, below a small one that watches it. */
export async function outside(
  command: string[],
  env: NodeJS.ProcessEnv = {},
  { minutes, gib } = most,
): Promise<Ended> {
  const asked = { command, seconds: minutes * 60, mebibytes: gib * 1024 }
  const script = join(import.meta.dirname, 'python/measure.py')
  const { out, err } = await finished('python3', [script, JSON.stringify(asked)], env)
  const lines = out.trimEnd().split('\n')
  const last = lines.at(-1) ?? ''
  if (!last.startsWith('{"seconds"')) throw new Error(`${script} did not tell of its run: ${err}`)
  const { exit, stopped, ...taken } = JSON.parse(last)
  if (stopped === 'time') return { end: 'stopped', reason: `stopped after ${minutes} minutes` }
  if (stopped === 'memory') return { end: 'stopped', reason: `ran out of memory (> ${gib} GiB)` }
  const said = lines.slice(0, -1)
  if (exit !== 0)
    return { end: 'failed', reason: reasonOf(err || said.join('\n')) || `exit ${exit}` }
  return { end: 'done', taken, said }
}

/** A trace ends with what it is about. */
function reasonOf(text: string): string {
  return text.trim().split('\n').at(-1)?.slice(0, REASON) ?? ''
}

/** The folder is the temporary one: a setup.sql or a .env beside it would be another story. */
function finished(command: string, args: string[], env: NodeJS.ProcessEnv) {
  const child = spawn(command, args, {
    cwd: tmpdir(),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const told = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    told.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    told.err += text
  })
  return new Promise<typeof told>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => resolve(told))
  })
}
