import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Running, startScript, startSluice } from './command.ts'
import { SmallDisk } from './confined.ts'
import type { Trial } from './experiment.ts'
import { judge, judgeLedger } from './judge.ts'
import { Source } from './source.ts'

/** Of two objects; MiB of the disk that the lake has for itself. */
const rows = { short: 40_000, whole: 100_000, long: 1_000_000 }
const disks = { short: 64, whole: 128, long: 640 }
/** Bytes that are left: what is small goes on. */
const LEFT = 256 << 10
const objects = 2

/** Loads a lake whose disk is full; `room` makes room, once it has met that. */
type Loader = (source: Source, url: string, room: () => void) => Promise<string[]>

/** The lake's disk is full when the load begins, and has room again a while later. */
export async function fullDisk(trial: Trial, load: Loader): Promise<string[]> {
  const { size } = trial
  const disk = SmallDisk.mount(join(trial.folder, 'disk'), disks[size])
  if (!disk) {
    trial.note('disk', 'not filled: nothing can be mounted here, neither as root nor by sudo')
    process.stderr.write('SKIPPED: a full disk, as nothing can be mounted here\n')
    return []
  }
  trial.note('disk', `a tmpfs of ${disks[size]} MiB`)
  // Its folder cannot be removed before.
  trial.signal.addEventListener('abort', () => disk.unmount())
  const { url, drop } = await trial.newDatabase()
  try {
    const source = new Source(join(disk.folder, 'lake'), 'lines', objects, rows[size])
    const ballast = join(disk.folder, 'ballast')
    fill(ballast)
    const findings = await load(source, url, () => rmSync(ballast))
    return [...findings, ...(await judge(source, url))]
  } finally {
    disk.unmount()
    await drop()
  }
}

function fill(path: string): void {
  const { bavail, bsize } = statfsSync(join(path, '..'))
  const file = openSync(path, 'w')
  for (let left = bavail * bsize - LEFT; left > 0; left -= 1 << 20) {
    writeSync(file, Buffer.alloc(Math.min(left, 1 << 20), 'x'))
  }
  closeSync(file)
}

/** It tells what is the matter, and goes on by itself when there is room. */
export const bySluice: Loader = async (source, url, room) => {
  const running = startSluice(source.lake, url, '--no-console')
  const failed = await told(running, 'failed', 2 * objects)
  room()
  await told(running, 'loaded', 2 * objects)
  running.child.kill('SIGINT')
  const code = await running.ended
  const reasons = failed.map(({ reason = '' }) => reason)
  const unclear = reasons.filter((reason) => !/ENOSPC|[Nn]o space left/.test(reason))
  return [
    ...unclear.map((reason) => `a full disk is told as: ${reason}`),
    ...(code === 0 ? [] : [`it ended with ${code}`]),
    ...(await judgeLedger(source, url)),
  ]
}

/** Somebody starts it once more. */
export const byNaive: Loader = async ({ lake }, url, room) => {
  const start = () => startScript('faults/naive-loader.ts', [lake], lake, url)
  await start().ended
  room()
  await start().ended
  return []
}

async function told({ lines, child }: Running, status: string, count: number) {
  for (const end = performance.now() + 90_000; performance.now() < end; await sleep(50)) {
    const found = lines.filter((line) => line.status === status)
    if (found.length >= count || child.exitCode !== null) return found
  }
  return lines.filter((line) => line.status === status)
}
