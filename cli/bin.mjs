#!/usr/bin/env node
/**
 * The command `sluice`: of a clone the source as it stands, of an installed package what was built
 * of it (build.ts), as Node takes no types off below node_modules. Any Node from 18 reads this
 * file, so that an older one than is wanted says so itself.
 */
import { existsSync, readFileSync } from 'node:fs'
import * as nodeModule from 'node:module'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const [major, minor] = process.versions.node.split('.').map(Number)
const [, least, then] = /(\d+)\.(\d+)/.exec(engines.node).map(Number)

if (major < least || (major === least && minor < then)) {
  console.error(
    `sluice: Node ${least}.${then} or newer is wanted, this is ${process.versions.node}: ` +
      'install it (https://nodejs.org), and run this again',
  )
  process.exitCode = 2
} else {
  // What was compiled once need not be again: a third of the time until a command is at work.
  nodeModule.enableCompileCache()
  const source = new URL('sluice.ts', import.meta.url)
  const built = new URL('../dist/cli/sluice.js', import.meta.url)
  await import(existsSync(source) ? source.href : built.href)
}
