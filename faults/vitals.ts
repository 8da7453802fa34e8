import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'

/** What a process that runs for long holds at one moment. */
export interface Vitals {
  /** Seconds. */
  at: number
  /** Resident memory, MiB. */
  memory: number
  descriptors: number
  connections: number
  /** Files below its folder of temporary ones. */
  files: number
}

/** By which it may have more of each at the end, where memory is still settling in. */
const slack = { memory: 200, descriptors: 12, connections: 4, files: 2 }

/** Linux alone tells of memory and descriptors; elsewhere they are 0. */
export async function look(
  pid: number | undefined,
  url: string,
  temporary: string,
): Promise<Omit<Vitals, 'at'>> {
  const client = new pg.Client(url)
  await client.connect()
  const { rows } = await client.query(`SELECT count(*)::int AS count FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND backend_type = 'client backend'`)
  await client.end()
  const files = readdirSync(temporary, { recursive: true, withFileTypes: true })
  const [, kilobytes = 0] = /VmRSS:\s+(\d+) kB/.exec(proc(pid, () => statusOf(pid), '')) ?? []
  return {
    memory: Math.round(Number(kilobytes) / 1024),
    descriptors: proc(pid, () => readdirSync(`/proc/${pid}/fd`).length, 0),
    connections: rows[0].count,
    files: files.filter((one) => one.isFile()).length,
  }
}

function statusOf(pid: number | undefined): string {
  return readFileSync(`/proc/${pid}/status`, 'utf8')
}

function proc<T>(pid: number | undefined, read: () => T, without: T): T {
  return process.platform === 'linux' && pid !== undefined ? read() : without
}

/** One sentence for each thing of which there is more at the end than at the begin. */
export function growth(all: Vitals[]): string[] {
  const [first, last] = [all[0], all.at(-1)]
  if (!first || !last || first === last) return ['it was not looked at twice']
  return (['memory', 'descriptors', 'connections', 'files'] as const).flatMap((what) => {
    const most = first[what] + slack[what]
    return last[what] > most ? [`${what}: ${first[what]} before, ${last[what]} at the end`] : []
  })
}

/** By how much it grew a minute, by least squares. */
export function slopeOf(all: Vitals[], what: keyof typeof slack): number {
  const mean = (of: (one: Vitals) => number) =>
    all.reduce((sum, one) => sum + of(one), 0) / Math.max(1, all.length)
  const [time, value] = [mean(({ at }) => at / 60), mean((one) => one[what])]
  const spread = mean(({ at }) => (at / 60 - time) ** 2)
  const both = mean((one) => (one.at / 60 - time) * (one[what] - value))
  return spread === 0 ? 0 : Math.round((10 * both) / spread) / 10
}
