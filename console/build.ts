import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundlePage } from './bundle.ts'

/** `node console/build.ts <folder>`: the page's files, as a packed program has them beside it. */
const [target, ...more] = process.argv.slice(2)
if (!target || more.length > 0) throw new Error('usage: node console/build.ts <folder>')
mkdirSync(target, { recursive: true })
for (const { path, body } of await bundlePage()) writeFileSync(join(target, path), body)
