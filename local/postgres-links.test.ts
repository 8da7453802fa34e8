import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { linkLibraries } from './postgres-links.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-links-'))
  mkdirSync(join(folder, 'native/lib'), { recursive: true })
  for (const name of ['a.so.1', 'b.so.1']) writeFileSync(join(folder, 'native/lib', name), name)
})
afterEach(() => rmSync(folder, { recursive: true }))

const list = (...targets: string[]) => {
  const links = targets.map((target) => ({ source: 'native/lib/a.so.1', target }))
  writeFileSync(join(folder, 'native/pg-symlinks.json'), JSON.stringify(links))
}
const content = (name: string) => readFileSync(join(folder, 'native/lib', name), 'utf8')

test('links that no install script has made are made, and others stay', async () => {
  symlinkSync('b.so.1', join(folder, 'native/lib/a.so'))
  list('native/lib/a.so', 'native/lib/a.so.0')
  await linkLibraries(join(folder, 'native'))
  expect([content('a.so'), content('a.so.0')]).toEqual(['b.so.1', 'a.so.1'])
  await linkLibraries(join(folder, 'native'))
})

test('a package without such a list has no links', async () => {
  await linkLibraries(join(folder, 'native'))
})

test('where none can be made, what to run is told', async () => {
  list('native/none/a.so')
  await expect(linkLibraries(join(folder, 'native'))).rejects.toThrow(
    /a\.so is missing.*npm rebuild/,
  )
})
