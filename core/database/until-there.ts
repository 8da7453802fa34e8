import { setTimeout as sleep } from 'node:timers/promises'

const LONGEST_MS = 6_400
/** The pause from which on it is told that there is one: after 1.5 s in all. */
const TOLD_MS = 1_600

/**
 * Does the work, again while the database is away: it starts, or its host's name is not known yet.
 *
 * @param patience for how many seconds; or, where a signal is given, until that
 * @throws what the work throws, when it is something else or patience is over
 */
export async function untilThere(
  work: () => Promise<void>,
  patience: { seconds: number; stop?: AbortSignal | undefined },
): Promise<void> {
  const { stop } = patience
  const deadline = performance.now() + patience.seconds * 1000
  for (let delay = 100; ; delay *= 2) {
    const wait = Math.min(delay, LONGEST_MS)
    try {
      return await work()
    } catch (error) {
      const isPatient = stop ? !stop.aborted : performance.now() + wait <= deadline
      if (!isAway(error) || !isPatient) throw error
      if (delay === TOLD_MS) {
        process.stderr.write(`sluice: waiting for Postgres: ${whyAway(error)}\n`)
      }
      await sleep(wait, undefined, { signal: stop }).catch(() => {})
    }
  }
}

/** What passes when the database has started, or its host's name is known again. */
const passing = /^(ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN|57P03|53300)$/

export function isAway(error: unknown): boolean {
  const { code = '', message } = error as NodeJS.ErrnoException
  // A host that does not answer at all: node-postgres gives up, and has no code for it.
  return passing.test(code) || /due to connection timeout|^timeout exceeded/.test(message)
}

/** A host of several addresses fails with an error that has no text of its own. */
export function whyAway(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return message || code || String(error)
}
