import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }

/** What npm links as the command. */

function sluice(version: string, ...args: string[]) {
  const versions = `{ ...process.versions, node: '${version}' }`
  const preset = `Object.defineProperty(process, 'versions', { value: ${versions} })`
  const script = join(import.meta.dirname, 'bin.mjs')
  const given = ['--import', `data:text/javascript,${preset}`, script, ...args]
  const { stdout, stderr, status } = spawnSync(process.execPath, given, { encoding: 'utf8' })
  return { stdout, stderr, status }
}

test.each(['24.12.0', '24.13.1', '25.0.0'])('of a clone, Node %s runs the source', (version) => {
  const wanted = { stdout: `${manifest.version}\n`, stderr: '', status: 0 }
  expect(sluice(version, '--version')).toEqual(wanted)
})

test.each(['24.11.9', '23.99.0', '20.20.2'])('Node %s is told that it is too old', (version) => {
  const { stdout, stderr, status } = sluice(version, '--version')
  expect([stdout, status]).toEqual(['', 2])
  expect(stderr).toMatch(`sluice: Node 24.12 or newer is wanted, this is ${version}: install it`)
})
