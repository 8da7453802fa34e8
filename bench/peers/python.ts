import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const scripts = join(import.meta.dirname, 'python')
/** Below `.sluice`, which is git-ignored; made once for each list of requirements. */
const home = join(import.meta.dirname, '../../.sluice/peers')
const requirements = join(scripts, 'requirements.txt')

/** Of Python's packages, as requirements.txt has them. */
export function pythonVersions(): Record<string, string> {
  const lines = readFileSync(requirements, 'utf8').trim().split('\n')
  return Object.fromEntries(
    lines.map((line) => {
      const [name = '', version = ''] = line.split('==')
      return [name.replace(/\[.*/, ''), version]
    }),
  )
}

/** The command that runs one of the scripts beside this file, with what it is asked for. */
export function pythonCommand(script: string, task: object): string[] {
  return [pythonOfPeers(), join(scripts, `${script}.py`), JSON.stringify(task)]
}

/**
 * @returns the Python of a virtual environment with the peers, made the first time (a minute)
 * @throws Error where there is no Python 3.11 or later, or PyPI cannot be reached
 */
function pythonOfPeers(): string {
  const python = join(home, 'bin/python')
  const wanted = readFileSync(requirements, 'utf8')
  const seal = join(home, 'requirements.txt')
  if (existsSync(seal) && readFileSync(seal, 'utf8') === wanted) return python
  process.stderr.write(`installing the peers of Python in ${home}; this happens once …\n`)
  rmSync(home, { recursive: true, force: true })
  mkdirSync(home, { recursive: true })
  must('python3', ['-m', 'venv', home])
  must(python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '-r', requirements])
  writeFileSync(seal, wanted)
  return python
}

function must(command: string, args: string[]): void {
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status === 0) return
  const told = error?.message ?? stderr.trim().split('\n').at(-1)
  throw new Error(
    `\`${command} ${args.join(' ')}\` failed: ${told}; the peers need Python 3.11 or later ` +
      'with its module venv, and PyPI (PIP_INDEX_URL names a mirror)',
  )
}
