import { execFile } from 'node:child_process'
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { openUrl } from '../core/database/open-database.ts'
import { openLake } from '../core/lake.ts'
import { inLanes } from '../core/lanes.ts'
import { openStream } from '../core/stream/kinesis.ts'
import type { Trial } from './experiment.ts'
import type { Life } from './mortal-stage.ts'
import { shuffled } from './random.ts'
import { stages } from './stages.ts'

/** A stage at work in places that are all alike, in each of which a process may die. */
export interface Scene {
  stage: Life['stage']
  /** What it works on, in a new place of that name. */
  place(name: string): Promise<Omit<Life, 'death' | 'stage'>>
  /** What is wrong there once the stage has been run to its end. */
  judge(life: Life): Promise<string[]>
  leave(life: Life): Promise<void>
  /** Whether a dead writer is waited for, so that nothing is to be said before. */
  waits: boolean
}

/** Longer than a dead writer's intent lives. */
const LEASE_MS = 16_000
/** Processes that begin, die or mend at a time. */
const LANES = 3
const run = promisify(execFile)

/**
 * Runs a stage again and again, in a process that kills itself at another moment each time: before
 * each call of store, database or stream, and after each that changes something. Then it is run
 * once more, and judged.
 *
 * @returns one sentence for each thing that is wrong
 */
export async function dieEverywhere(trial: Trial, scenes: Scene[]): Promise<string[]> {
  const findings: string[] = []
  const dead: { scene: Scene; life: Life }[] = []
  // Those whose dead are waited for come first.
  for (const scene of scenes.toSorted((a, b) => Number(b.waits) - Number(a.waits))) {
    const moments = await undisturbed(trial, scene)
    const all = Array.from({ length: moments }, (_, i) => i + 1)
    const chosen = trial.size === 'short' ? shuffled(all, trial.random).slice(0, 2) : all
    trial.say(`${scene.stage}: ${chosen.length} of ${moments} moments to die at`)
    const died = await inLanes(
      chosen,
      LANES,
      async (death) => {
        const life = await die(trial, scene, death)
        if (scene.waits) dead.push({ scene, life })
        else findings.push(...(await mend(scene, life)))
      },
      trial.signal,
    )
    trial.note(`deaths (${scene.stage})`, `at ${died.length} of ${moments} moments`)
  }
  if (dead.length > 0) await sleep(LEASE_MS)
  const mended = await inLanes(dead, LANES, ({ scene, life }) => mend(scene, life))
  return [...findings, ...mended.flat()]
}

/** @returns how many moments there are */
async function undisturbed(trial: Trial, scene: Scene): Promise<number> {
  const life = { stage: scene.stage, death: 0, ...(await scene.place(`${scene.stage}-whole`)) }
  const moments: string[] = JSON.parse(await live(trial, life))
  const wrong = await scene.judge(life)
  if (wrong.length > 0) throw new Error(`undisturbed, ${scene.stage}: ${wrong[0]}`)
  await scene.leave(life)
  return moments.length
}

async function die(trial: Trial, scene: Scene, death: number): Promise<Life> {
  const { stage } = scene
  const life = { stage, death, ...(await scene.place(`${stage}-${death}`)) }
  await live(trial, life).catch((error: { signal?: string }) => {
    if (error.signal !== 'SIGKILL' || trial.signal.aborted) throw error
  })
  return life
}

async function live({ signal, folder }: Trial, life: Life): Promise<string> {
  const script = join(import.meta.dirname, 'mortal-stage.ts')
  // What the dead leave goes with the trial; most of their time goes into loading the same modules.
  const TMPDIR = join(folder, 'temporary')
  mkdirSync(TMPDIR, { recursive: true })
  const env = { ...process.env, TMPDIR, NODE_COMPILE_CACHE: join(folder, 'compiled') }
  const options = { cwd: life.lake, env, signal, killSignal: 'SIGKILL' as const }
  const { stdout } = await run(process.execPath, [script, JSON.stringify(life)], options)
  return stdout
}

/** The stage once more, by one who lives. */
async function mend(scene: Scene, life: Life): Promise<string[]> {
  const { stage, lake, keys, database, stream, death } = life
  const work = stages[stage]({
    ...{ lake: openLake(lake), keys },
    database: () => openUrl(database),
    stream: () => openStream(stream.name, { endpoint: stream.endpoint }),
  })
  const wrong = await work.then(
    () => scene.judge(life),
    (error: Error) => [`it does not go on: ${error.message}`],
  )
  if (wrong.length === 0) await scene.leave(life)
  return wrong.map((finding) => `${stage}, dead at moment ${death}: ${finding}`)
}

/** Another folder with the same content. */
export function copyOf(lake: string, folder: string): string {
  cpSync(lake, folder, { recursive: true, preserveTimestamps: true })
  return folder
}
