import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The referee's release: verdicts are compared with this one alone. */
export const REFEREE = 'frictionless==5.21.0'

/** Below `.sluice`, which is git-ignored; made once. */
const home = join(dirname(import.meta.dirname), '.sluice', 'referee')

/** What the caller cannot go on without, and how to get it. */
export class NoReferee extends Error {
  override name = 'NoReferee'
}

/**
 * @returns a Python that has the referee: SLUICE_REFEREE_PYTHON, else a virtual environment that
 *   is made the first time (some 20 s, from PyPI)
 * @throws NoReferee where there is no python3, or nothing to install from; its text has the cure
 */
export function pythonOfReferee(): string {
  const given = process.env.SLUICE_REFEREE_PYTHON
  if (given) {
    if (hasReferee(given)) return given
    throw new NoReferee(
      `SLUICE_REFEREE_PYTHON: ${given} has no ${REFEREE}: ` +
        `run \`${given} -m pip install ${REFEREE}\`, or unset the variable`,
    )
  }
  const python = join(home, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  if (existsSync(python) && hasReferee(python)) return python
  make(python)
  return python
}

function hasReferee(python: string): boolean {
  const version = REFEREE.split('==')[1]
  const asked = `import importlib.metadata as m; assert m.version("frictionless") == "${version}"`
  return spawnSync(python, ['-c', asked]).status === 0
}

function make(python: string): void {
  process.stderr.write(`referee: installing ${REFEREE} in ${home}; this happens once …\n`)
  rmSync(home, { recursive: true, force: true })
  mkdirSync(dirname(home), { recursive: true })
  attempt('python3', ['-m', 'venv', home], 'install Python 3.10 or later with its module venv')
  attempt(
    python,
    ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', REFEREE],
    'let this machine reach PyPI (PIP_INDEX_URL names a mirror), ' +
      `or set SLUICE_REFEREE_PYTHON to a Python that has ${REFEREE}`,
  )
}

function attempt(command: string, args: string[], cure: string): void {
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status === 0) return
  rmSync(home, { recursive: true, force: true })
  const told = error?.message ?? stderr.trim().split('\n').at(-1)
  throw new NoReferee(`\`${command} ${args.join(' ')}\` failed: ${told}; the cure: ${cure}`)
}
