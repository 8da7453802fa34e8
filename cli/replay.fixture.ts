import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { expect, vi } from 'vitest'
import { database, files, raw } from '../functions/raw.fixture.ts'
import { resource } from '../functions/stages.fixture.ts'
import { ingestCommand } from './ingest.ts'
import { queryCommand } from './query.ts'
import { rejectsCommand } from './rejects.ts'
import { replayCommand } from './replay.ts'
import { statusCommand } from './status.ts'

export { database, files, raw }

/** The commands over a lake and a database of each test's own, in this process. */

export const source = 'bronze/p/t/a.csv'

/** Runs a command in this process: what it writes, and its exit code. */
export async function run(
  command: Command,
  ...args: string[]
): Promise<{ out: string; code: number }> {
  let out = ''
  const spies = [process.stdout, process.stderr].map((stream, i) =>
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      if (i === 0) out += chunk
      return true
    }),
  )
  process.exitCode = 0
  const place = [
    '--lake',
    files.folder,
    ...(command.name() === 'query' ? [] : ['--database', url()]),
  ]
  try {
    await command.exitOverride().parseAsync([...args, ...place], { from: 'user' })
    return { out, code: process.exitCode as number }
  } finally {
    process.exitCode = 0
    for (const each of spies) each.mockRestore()
  }
}

const url = () => database.url
export const load = (...keys: string[]) => run(ingestCommand(), ...keys)
export const replay = (...args: string[]) => run(replayCommand(), ...args, '--json')
export const fixPath = () => join(files.folder, 'fix.csv')
export const linesOf = (out: string) =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

/** The file of rejects, with what a person would change in it. */
export async function fix(...changes: [string, string][]): Promise<string> {
  const { out } = await run(rejectsCommand(), '--csv')
  writeFileSync(
    fixPath(),
    changes.reduce((text, [from, to]) => changed(text, from, to), out),
  )
  return fixPath()
}

/** Where a text stands last: before, in `_raw`, it is the record as it was. */
export function changed(text: string, from: string, to: string): string {
  const at = text.lastIndexOf(from)
  expect(at, from).toBeGreaterThan(0)
  return text.slice(0, at) + to + text.slice(at + from.length)
}

/** The dataset as both have it, and it must be the same. */
export async function rows(dataset = 'p.t'): Promise<unknown[][]> {
  const { out } = await run(queryCommand(), `SELECT * FROM ${dataset} ORDER BY ALL`, '--json')
  const inSilver = out === '' ? [] : linesOf(out).map((row) => Object.values(row))
  expect(inSilver).toEqual(await raw.table(dataset))
  return inSilver
}

export async function status(key = source): Promise<unknown> {
  const { out, code } = await run(statusCommand(), '--json')
  const ends = linesOf(out).filter(({ stage, object }) => stage !== 'silver' && object === key)
  const { records, accepted, rejected, waiting, mended } = ends[0]
  return { code, counts: [records, accepted, rejected, waiting, mended] }
}

export const described = (load: string, ...fields: string[]) => {
  const keys = load === 'upsert' ? { primaryKey: 'id' } : {}
  files.describe('p', resource('t', ['id:integer', ...fields], keys, { load }))
}
