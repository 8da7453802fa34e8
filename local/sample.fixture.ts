import { execFileSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/**
 * Copies the sample that the repository brings into another folder, with its times, and nothing
 * that somebody has put beside it: who has typed what README says runs the same tests.
 *
 * @param lake the folder that gets `bronze/` and `streaming/`
 */
export function copySample(lake: string): void {
  for (const path of ownFiles()) {
    const to = join(lake, path.slice('data/'.length))
    cpSync(join(root, path), to, { recursive: true, preserveTimestamps: true })
  }
}

/** Where the repository is no clone of git, all of the sample's packages is taken for its own. */
function ownFiles(): string[] {
  try {
    const listed = execFileSync('git', ['ls-files', '-z', 'data'], { cwd: root, stdio: 'pipe' })
    const paths = listed.toString().split('\0').filter(Boolean)
    if (paths.length > 0) return paths
  } catch {
    // Below.
  }
  return ['data/bronze/shop', 'data/streaming/till']
}
