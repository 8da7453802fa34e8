import { mkdtempSync, readdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryHere } from '../limit.ts'
import { removeOwn } from '../store/folder-names.ts'

/**
 * Memory is bounded by setting, not by the object's size: what does not fit spills to disk.
 * SLUICE_MEMORY is DuckDB's share (default 512MB), SLUICE_THREADS its threads (default: cores) for
 * a large object.
 * Order of rows is nowhere promised, and keeping it costs memory.
 */
export function settings(threads: string, spill: string): Record<string, string> {
  return {
    memory_limit: memoryHere(),
    threads,
    temp_directory: spill,
    preserve_insertion_order: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  }
}

/** A new folder for what does not fit DuckDB's memory; its user removes it. */
export function makeSpill(): string {
  const own = mkdtempSync(join(tmpdir(), 'sluice-spill-'))
  sweepSpills(statSync(own).mtimeMs)
  return own
}

/**
 * What killed processes left: what nothing was spilled to for a day. A living one makes its own
 * anew (duckdb.ts). What belongs to another user stays.
 *
 * @param now by the file system, as the times of the others
 */
function sweepSpills(now: number): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith('sluice-spill-')) continue
    const path = join(tmpdir(), name)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat && now - stat.mtimeMs > 86_400_000) removeOwn(path)
  }
}
