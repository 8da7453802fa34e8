import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

/** Every package that is installed has a licence that we may use it under, and ship it. */

interface Locked {
  version: string
  license?: string
  dev?: boolean
}
const lock = readFileSync(join(import.meta.dirname, '../package-lock.json'), 'utf8')
const packages = Object.entries(JSON.parse(lock).packages as Record<string, Locked>)
  .filter(([path]) => path !== '')
  .map(([path, locked]) => ({ ...locked, name: path.replace(/^.*node_modules\//, '') }))

/** By https://spdx.org/licenses: they ask for their text to be kept, for nothing of ours. */
const shipped = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'MIT-0']
/** Of tools, which nobody is given: MPL-2.0 speaks of its own files alone. */
const used = [...shipped, 'BlueOak-1.0.0', 'MPL-2.0', 'MIT OR Apache-2.0']

/** Of these the lock has no licence, or a choice of several. */
const known: [name: RegExp, license: string, why: string][] = [
  [/^@duckdb\/node-bindings-/, 'MIT', 'of another processor: that of this one says MIT'],
  [/^@biomejs\/cli-/, 'MIT OR Apache-2.0', 'of another processor, likewise'],
  [/^case$/, 'MIT', 'MIT or GPL, as one likes'],
]

const licenceOf = ({ name, license }: { name: string; license?: string }) => {
  return known.find(([pattern]) => pattern.test(name))?.[1] ?? license ?? 'none'
}

/** The page's, which are bundled into the package though nothing of ours asks for them there. */
const bundled = ['preact', 'uplot']

it('of what is shipped', () => {
  const all = packages.filter(({ dev, name }) => !dev || bundled.includes(name))
  expect(all.length).toBeGreaterThan(100)
  const wrong = all.filter((one) => !shipped.includes(licenceOf(one)))
  expect(wrong.map((one) => `${one.name} ${one.version}: ${licenceOf(one)}`)).toEqual([])
})

it('of what only we use', () => {
  const wrong = packages.filter((one) => !used.includes(licenceOf(one)))
  expect(wrong.map((one) => `${one.name} ${one.version}: ${licenceOf(one)}`)).toEqual([])
})

it('no exception is left over', () => {
  const needed = known.filter(([pattern]) => packages.some(({ name }) => pattern.test(name)))
  expect(needed).toEqual(known)
})
