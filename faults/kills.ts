import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startSluice } from './command.ts'
import type { Source } from './source.ts'

export interface Kills {
  source: Source
  url: string
  rounds: number
  /** What an undisturbed run takes, in ms: a kill comes at any moment of it. */
  duration: number
  /** A number from 0 up to 1. */
  random: () => number
}

/**
 * Rounds of `sluice start --once`, each ended by SIGKILL. Between them, and within, objects change.
 *
 * @returns how many of the processes were killed; the others had ended before
 */
export async function killInRounds(kills: Kills): Promise<number> {
  const { source, rounds, random, duration } = kills
  let killed = 0
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 1) change(source, random)
    // A third of the kills are aimed at the moments around Silver's commit.
    const aimed = round % 3 === 2
    const together = round % 5 === 3 ? 3 : 1
    const ends = Array.from({ length: together }, () => killOne(kills, aimed))
    if (round % 4 === 3) {
      await sleep(random() * duration)
      change(source, random)
    }
    killed += (await Promise.all(ends)).filter(Boolean).length
    if (round % 4 === 1 && (await killOne(kills, false))) killed++
  }
  return killed
}

function change(source: Source, random: () => number): void {
  const k = Math.floor(random() * source.objects)
  if (k > 0 && random() < 0.5) source.moveKeys(k, random())
  else source.rewrite(k)
}

async function killOne({ source, url, duration, random }: Kills, aimed: boolean) {
  const { child, ended } = startSluice(source.lake, url, '--once')
  const moment = random() * duration
  const over = ended.then(() => true)
  if (aimed) {
    const before = manifestsOf(source)
    const deadline = Date.now() + 2 * duration
    while (manifestsOf(source) === before && Date.now() < deadline) {
      if (await Promise.race([over, sleep(2)])) break
    }
    await Promise.race([over, sleep(random() * 60)])
  } else {
    await Promise.race([over, sleep(moment)])
  }
  child.kill('SIGKILL')
  return (await ended) === null
}

/** Changes with every intent and every commit. */
function manifestsOf({ lake, dataset }: Source): number {
  const folder = join(lake, 'silver/kill', dataset, '_manifests')
  return statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
