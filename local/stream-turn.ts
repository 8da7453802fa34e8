import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { tryLock } from './process-lock.ts'

/** The name of the stream that a process brings for a folder. */
export const OWN_STREAM = 'sluice'

/**
 * The lock of the one process that streams a lake: each brings a stream of its own.
 *
 * @param home the lake's own folder, which is made when missing
 */
export function streamLock(home: string): string {
  mkdirSync(home, { recursive: true })
  return join(home, 'stream.lock')
}

const waits =
  'streams: waiting for another process that streams this lake to end ' +
  '(`sluice start --once`, or a service of compose); all else goes on'

/**
 * Waits while another process streams the lake.
 *
 * @param say is told once that it waits
 * @returns what lets go
 * @throws AbortError when it is stopped while it waits
 */
export async function takeTurn(
  home: string,
  stop: AbortSignal,
  say: (text: string) => void,
): Promise<() => void> {
  const file = streamLock(home)
  for (let told = false; ; told = true) {
    const release = tryLock(file)
    if (release) return release
    if (!told) say(waits)
    await sleep(200, undefined, { signal: stop })
  }
}
