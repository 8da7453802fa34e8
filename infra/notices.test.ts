import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bundlePage } from '../console/bundle.ts'
import { bundle } from './bundle.ts'
import { bundles, programs } from './bundles.ts'
import { NOTICES, packagesOf } from './notices.ts'

const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64'
const root = join(import.meta.dirname, '..')

/** Each licence that is used here asks for its text. */
const text =
  /Permission (is hereby granted|to use, copy, modify)|Apache License|Redistribution and use/

describe.each([...bundles, ...programs])('the bundle of $name', (spec) => {
  it('has name, version and the licence of each package that is in it', () => {
    const { folder, inputs } = bundle(spec, architecture)
    const notices = readFileSync(join(folder, NOTICES), 'utf8')
    const packages = packagesOf(inputs, root)
    const told = notices.split(`\n\n${'-'.repeat(80)}\n\n`)
    for (const { name, version } of packages) {
      const found = told.find((one) => one.startsWith(`${name} ${version} (`))
      expect(found, name).toMatch(/spdx\.org/.test(found ?? '') ? /spdx/ : text)
    }
    expect(packages.length).toBeGreaterThan(10)
    expect(notices.includes('@duckdb/node-bindings ')).toBe(spec.duckdb)
    expect(notices).not.toContain(root)
  })
})

it('so has the page', async () => {
  const notices = (await bundlePage()).find(({ path }) => path === `/${NOTICES}`)
  const told = new TextDecoder().decode(notices?.body)
  expect([...told.matchAll(/^(\w+) [\d.]+ \(MIT\)$/gm)].map(([, name]) => name)).toEqual([
    'preact',
    'uplot',
  ])
  expect(told.match(/Permission is hereby granted/g)).toHaveLength(2)
})
