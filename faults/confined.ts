import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Running } from './command.ts'

/** Places where a process can be given little, where this machine lets us make them. */

/** Where control groups of memory are made, and the file of their limit: version 1, or 2. */
const groups = [
  ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
  ['/sys/fs/cgroup', 'memory.max'],
] as const

/** A control group whose processes have so much memory, files in the cache included. */
export class MemoryGroup {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** @returns undefined where none can be made here: without root, or without Linux */
  static make(name: string, bytes: number): MemoryGroup | undefined {
    for (const [root, file] of groups) {
      const folder = join(root, name)
      try {
        mkdirSync(folder, { recursive: true })
        writeFileSync(join(folder, file), String(bytes))
        return new MemoryGroup(folder)
      } catch {
        drop(folder)
      }
    }
    return undefined
  }

  take({ child }: Running): void {
    writeFileSync(join(this.#folder, 'cgroup.procs'), String(child.pid))
  }

  /** Its processes have ended. */
  remove(): void {
    drop(this.#folder)
  }
}

function drop(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // There is none.
  }
}

/** The highest resident memory in MiB, as Linux has kept it; 0 where there is no /proc. */
export async function peakOf({ child, ended }: Running): Promise<number> {
  let [peak, isOver] = [0, false]
  void ended.then(() => {
    isOver = true
  })
  for (; !isOver; await Promise.race([ended, sleep(200)])) {
    const [, kilobytes = 0] = /VmHWM:\s+(\d+) kB/.exec(statusOf(child.pid)) ?? []
    peak = Math.max(peak, Number(kilobytes) / 1024)
  }
  return Math.round(peak)
}

function statusOf(pid: number | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return ''
  }
}

/** A disk of its own for a folder, that can be full. */
export class SmallDisk {
  readonly folder: string
  readonly #sudo: string[]
  #isGone = false

  private constructor(folder: string, sudo: string[]) {
    this.folder = folder
    this.#sudo = sudo
  }

  /** @returns undefined where nothing can be mounted here: neither as root nor by sudo */
  static mount(folder: string, megabytes: number): SmallDisk | undefined {
    mkdirSync(folder, { recursive: true })
    const mount = ['mount', '-t', 'tmpfs', '-o', `size=${megabytes}m,mode=777`, 'tmpfs', folder]
    for (const sudo of [[], ['sudo', '-n']]) {
      try {
        run([...sudo, ...mount])
        return new SmallDisk(folder, sudo)
      } catch {
        // The other way, if there is one.
      }
    }
    return undefined
  }

  /** Doing it twice does nothing. */
  unmount(): void {
    if (this.#isGone) return
    this.#isGone = true
    run([...this.#sudo, 'umount', '-l', this.folder])
  }
}

function run([command = '', ...args]: string[]): void {
  execFileSync(command, args, { stdio: 'ignore' })
}
