import { outside, type Taken } from './outside.ts'

/** Who does a piece of work: we, or somebody else. */
export interface Peer {
  name: string
  /** Whether it is ours: it is compared with, and a run that is not as it should be ends all. */
  ours?: boolean
  /** Why it is not asked for this. */
  cannot?: string | undefined
  /** Rounds in which it takes part, where that is not all: it takes very long. */
  atMost?: number
  /** Does it once, in a process of its own, and looks at what came of it. */
  run(): Promise<Result>
}

/** One run that ended well. */
export interface Run extends Taken {
  /** Those of the same round stand beside each other in time. */
  round: number
  /** Seconds of the work alone, where the process tells them; else those from start to end. */
  work: number
  /** That it wrote, counted afterwards. */
  rows: number
}

/** What is to be told of what it wrote. */
export interface Found {
  rows: number
  /** Where that is not what was to be written: types, values, compression. */
  notes?: string[]
  fates?: Fate[]
}

/** What became of rows of one mistake. */
export interface Fate {
  mistake: string
  rows: number
  /** Not written. */
  gone: number
  /** Written with a NULL where something was. */
  nulled: number
  /** Written with a value in every cell. */
  filled: number
  /** What such a row has where the bad cell was, if anything. */
  example?: string
}

export type Result =
  | { end: 'done'; run: Omit<Run, 'round'>; notes?: string[]; fates?: Fate[] }
  | { end: 'stopped' | 'failed'; reason: string }

export interface Side {
  name: string
  ours: boolean
  runs: Run[]
  /** Why there are fewer runs than rounds. */
  short?: { how: 'stopped' | 'failed' | 'cannot'; reason: string }
  notes: string[]
  fates: Fate[]
}

/** How many times as fast ours should be as theirs, in the median of the rounds. */
export interface PeerGoal {
  ours: string
  peer: string
  atLeast: number
}

export interface Comparison {
  what: string
  sides: Side[]
  goals: PeerGoal[]
}

/**
 * Rounds in which each peer does the work once. Who begins changes with the round, and every other
 * round goes backwards, so that none always finds another's warm caches. Who does not end well is
 * not asked again.
 */
export async function compare(
  what: string,
  peers: Peer[],
  rounds: number,
  goals: PeerGoal[] = [],
): Promise<Comparison> {
  const sides = peers.map(({ name, ours = false, cannot }): Side => {
    const short = cannot === undefined ? {} : { short: { how: 'cannot' as const, reason: cannot } }
    return { name, ours, runs: [], notes: [], fates: [], ...short }
  })
  for (let round = 0; round < rounds; round++) {
    for (const at of turn(peers.length, round)) {
      const { atMost = rounds } = peers[at]!
      if (!sides[at]!.short && round < atMost) await runOnce(what, peers[at]!, sides[at]!, round)
    }
  }
  return { what, sides, goals }
}

function turn(length: number, round: number): number[] {
  const order = Array.from({ length }, (_, i) => (i + round) % length)
  return round % 2 === 0 ? order : order.toReversed()
}

async function runOnce(what: string, peer: Peer, side: Side, round: number): Promise<void> {
  const result = await peer.run()
  const told = result.end === 'done' ? `${result.run.work.toFixed(2)} s` : result.reason
  process.stderr.write(`  ${what}: ${peer.name}, round ${round + 1}: ${told}\n`)
  if (result.end === 'done') {
    side.runs.push({ round, ...result.run })
    side.notes = result.notes ?? []
    side.fates = result.fates ?? []
  } else if (peer.ours) {
    throw new Error(`${what}: ${peer.name} ${result.end}: ${result.reason}`)
  } else side.short = { how: result.end, reason: result.reason }
}

/** What a side wrote is not what it was to write. */
export class WrongRows extends Error {
  override name = 'WrongRows'
}

/**
 * Runs the command, then looks at what came of it.
 *
 * @param look throws WrongRows where that is not the work
 * @param how with which environment, and whether it tells the seconds of the work alone
 */
export async function runAndLook(
  command: string[],
  look: () => Promise<Found>,
  { env = {}, tells = true }: { env?: NodeJS.ProcessEnv; tells?: boolean } = {},
): Promise<Result> {
  const ended = await outside(command, env)
  if (ended.end !== 'done') return ended
  try {
    const { rows, ...more } = await look()
    const { taken, said } = ended
    const work = (tells ? workOf(said) : undefined) ?? taken.seconds
    return { end: 'done', run: { ...taken, work, rows }, ...more }
  } catch (error) {
    if (error instanceof WrongRows) return { end: 'failed', reason: error.message }
    throw error
  }
}

/** @throws WrongRows */
export function sameRows(found: number, wanted: number, where: string): number {
  if (found === wanted) return found
  throw new WrongRows(`${where}: ${found} rows, not ${wanted}`)
}

/** Of a line of JSON with `seconds`, else of the times that psql tells of its statements. */
function workOf(said: string[]): number | undefined {
  const json = said.findLast((line) => /^\{.*"seconds":/.test(line))
  if (json) return JSON.parse(json).seconds
  const times = said.flatMap((line) => /^Time: ([\d.]+) ms/.exec(line)?.[1] ?? [])
  if (times.length === 0) return undefined
  return times.reduce((sum, ms) => sum + Number(ms), 0) / 1000
}
