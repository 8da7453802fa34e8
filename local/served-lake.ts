import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { Refused } from '../core/errors.ts'
import { writeWhole } from './private-file.ts'
import { tryLock } from './process-lock.ts'

/**
 * The one process that serves the folder of a lake: `sluice start`, without `--once`. Rows would be
 * safe with two of them, but each brings a stream of its own and a console, and either loads all
 * that comes: whoever starts a second one has forgotten the first.
 */
const server = z.object({
  pid: z.number(),
  host: z.string(),
  /** ISO 8601. */
  since: z.string(),
  /** Its address. */
  console: z.string().optional(),
})

/** Who only looks holds the lock for a millisecond. */
const [TRIES, PAUSE_MS] = [10, 20]

/**
 * @param home the lake's own folder: `<lake>/.sluice`
 * @throws Refused, naming who it is, where a process serves the lake
 */
export async function checkUnserved(home: string): Promise<void> {
  if (!existsSync(lockOf(home))) return
  const release = await lock(home)
  release()
}

export interface ServedLake {
  /** Says where its console is, so that it is told to whoever starts a second one. */
  tell(console: string): Promise<void>
  release(): void
}

/**
 * Takes the lake for this process. The lock ends with it, also by `kill -9`; what is noted beside
 * it counts only while it is held.
 *
 * @throws Refused where another process serves it
 */
export async function serveLake(home: string): Promise<ServedLake> {
  mkdirSync(home, { recursive: true })
  const release = await lock(home)
  const own = { pid: process.pid, host: hostname(), since: new Date().toISOString() }
  const tell = (more: object) => writeWhole(noteOf(home), JSON.stringify({ ...own, ...more }))
  await tell({})
  return {
    tell: (console) => tell({ console }),
    release() {
      rmSync(noteOf(home), { force: true })
      release()
    },
  }
}

async function lock(home: string): Promise<() => void> {
  for (let tries = 1; ; tries++) {
    const release = tryLock(lockOf(home))
    if (release) return release
    if (tries === TRIES) throw new Refused(toldOf(home))
    await sleep(PAUSE_MS)
  }
}

const lockOf = (home: string) => join(home, 'serving.lock')
const noteOf = (home: string) => join(home, 'serving.json')

function toldOf(home: string): string {
  const { pid, host, since, console } = noted(home) ?? {}
  const isHere = host === hostname()
  const facts = [
    ...(pid === undefined ? [] : [`process ${pid}${isHere ? '' : ` on ${host}`}`]),
    ...(since === undefined ? [] : [`since ${since}`]),
    ...(console === undefined ? [] : [`its console: ${console}`]),
  ]
  const who = facts.length > 0 ? ` (${facts.join(', ')})` : ''
  const end = isHere ? `Ctrl-C in its terminal, or \`kill ${pid}\`` : 'Ctrl-C in its terminal'
  return (
    `\`sluice start\` serves this lake already${who}, and takes whatever comes. ` +
    '`sluice status` and every other command work beside it; ' +
    `to start it anew, end that one first (${end})`
  )
}

/** @returns undefined where it says nothing yet, or is no note of ours */
function noted(home: string): z.infer<typeof server> | undefined {
  if (!existsSync(noteOf(home))) return undefined
  try {
    return server.safeParse(JSON.parse(readFileSync(noteOf(home), 'utf8'))).data
  } catch {
    return undefined
  }
}
