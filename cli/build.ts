import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { bundlePage } from '../console/bundle.ts'

/**
 * `npm pack` runs it first: what is installed is in `dist/`, as JavaScript with its types, with the
 * console's page, and with the program of a laptop's Kinesis, which is no module of ours.
 */
const root = join(import.meta.dirname, '..')
const built = join(root, 'dist')

rmSync(built, { recursive: true, force: true })
const compiler = join(
  dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin/tsc',
)
// The standard output is npm's own: `npm pack --json`.
execFileSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], {
  stdio: ['ignore', 2, 2],
})
copyFileSync(join(root, 'local/kinesis-child.mjs'), join(built, 'local/kinesis-child.mjs'))
const page = join(built, 'console/page')
mkdirSync(page, { recursive: true })
for (const { path, body } of await bundlePage()) writeFileSync(join(page, path), body)
