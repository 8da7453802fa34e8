import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestLake } from '../functions/stages.fixture.ts'
import manifest from '../package.json' with { type: 'json' }

/** The command as a clone has it: bin/sluice, found in the PATH by whatever shell is there. */

const root = dirname(import.meta.dirname)
const isHere = (shell: string) => spawnSync(shell, ['-c', 'exit']).status === 0
const shells = ['sh', 'bash', 'zsh', 'dash'].filter(isHere)

let files: TestLake
beforeAll(() => {
  files = new TestLake()
})
afterAll(() => files.close())

/** Types a line in a folder that is not the clone's. */
function type(shell: string, line: string, folders = [join(root, 'bin')], env = {}) {
  const path = [...folders, process.env.PATH].join(delimiter)
  const options = { cwd: files.folder, env: { ...process.env, PATH: path, ...env } }
  const { stdout, stderr, status } = spawnSync(shell, ['-c', line], {
    ...options,
    encoding: 'utf8',
  })
  return { stdout, stderr, status }
}

test.each(shells)('%s: words, output and exit code are the command’s own', (shell) => {
  fs.mkdirSync(join(files.folder, 'a b'), { recursive: true })
  const sql = `SELECT 'a  "b"' AS \\"\\$HOME\\",\n  '*' AS y`
  const asked = type(shell, `sluice query "${sql.replace('"b"', '\\"b\\"')}" --json --lake 'a b'`)
  expect(asked).toEqual({ stdout: '{"$HOME":"a  \\"b\\"","y":"*"}\n', stderr: '', status: 0 })
  expect(type(shell, 'sluice query')).toMatchObject({ stdout: '', status: 2 })
})

test('by a link, and by its path', () => {
  const folder = join(files.folder, 'linked')
  fs.mkdirSync(folder)
  fs.symlinkSync(join(root, 'bin/sluice'), join(folder, 'sluice'))
  const wanted = { stdout: `${manifest.version}\n`, status: 0 }
  expect(type('sh', 'sluice --version', [folder])).toMatchObject(wanted)
  expect(type('sh', 'linked/sluice --version', [])).toMatchObject(wanted)
  const told = (line: string, folders: string[]) => type('sh', line, folders).stderr
  expect(told('linked/sluice rejects', [])).toMatch('`linked/sluice start` makes')
  expect(told('sluice rejects', [folder])).toMatch('`sluice start` makes')
})

/** What `npm ci` leaves behind, and that it ran. */
const npm = `#!/bin/sh
echo "npm $1" >&2
mkdir -p node_modules/.bin
ln -sf '${process.execPath}' node_modules/.bin/node
`

test('what is not installed yet, or was changed since, is installed first', () => {
  const clone = join(files.folder, 'bare clone')
  for (const part of ['bin/sluice', 'local/setup.mjs', 'package.json', 'package-lock.json'])
    fs.cpSync(join(root, part), join(clone, part))
  fs.mkdirSync(join(clone, 'cli'))
  fs.writeFileSync(join(clone, 'cli/bin.mjs'), 'console.log(process.argv.slice(2).join())')
  const tools = join(files.folder, 'tools')
  fs.mkdirSync(tools)
  fs.writeFileSync(join(tools, 'npm'), npm, { mode: 0o755 })
  const call = () => type('sh', 'sluice a b', [join(clone, 'bin'), tools], { npm_execpath: '' })

  const first = call()
  expect(first).toMatchObject({ stdout: 'a,b\n', status: 0 })
  expect(first.stderr).toMatch(/installing dependencies.*\nnpm ci\n$/)
  expect(call()).toEqual({ stdout: 'a,b\n', stderr: '', status: 0 })
  fs.appendFileSync(join(clone, 'package-lock.json'), '\n')
  const later = new Date(Date.now() + 60_000)
  fs.utimesSync(join(clone, 'package-lock.json'), later, later)
  expect(call().stderr).toContain('npm ci')
})
