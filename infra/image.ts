import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { basename, join } from 'node:path'
import { type BundleSpec, bundle, natives } from './bundle.ts'
import { bundles, programs } from './bundles.ts'
import { NOTICES } from './notices.ts'
import type { Settings } from './settings.ts'

/**
 * `node infra/image.ts <folder>`: makes what the Dockerfile copies, for the processor of this
 * machine, a folder for each layer: `duckdb`, `functions/<bundle>`, `worker`, `sluice`
 * with the console's page, and `kinesis`.
 */
const architectures: Record<string, Settings['architecture']> = { arm64: 'arm64', x64: 'x86_64' }

const root = join(import.meta.dirname, '..')
const [target, ...more] = process.argv.slice(2)
if (!target || more.length > 0) throw new Error('usage: node infra/image.ts <folder>')
const architecture = architectures[process.arch]
if (!architecture) throw new Error(`images are made on arm64 and x64; this is ${process.arch}`)

for (const spec of bundles) {
  copy(made(spec), `functions/${spec.name}`, (path) => !isNative(path))
}
for (const spec of programs) {
  const [folder, place] = [made(spec), `${spec.beside ?? spec.name}/${spec.name}`]
  copy(join(folder, 'index.mjs'), `${place}.mjs`)
  copy(join(folder, NOTICES), `${place}.${NOTICES}`)
}
const page = join(target, 'sluice/page')
execFileSync(process.execPath, [join(root, 'console/build.ts'), page], { stdio: 'inherit' })
// What local/kinesis.ts starts. Its map is as large as itself, and nobody reads it.
const emulator = 'node_modules/kinesis-local'
copy(join(root, emulator), `kinesis/${emulator}`, (path) => !path.endsWith('.map'))
copy(join(root, 'local/kinesis-child.mjs'), 'kinesis/kinesis-child.mjs')

/** @returns its folder; DuckDB is the same in all, and goes to a layer of its own */
function made(spec: BundleSpec): string {
  const { folder, files } = bundle(spec, architecture!)
  for (const { path } of files.filter(({ path }) => isNative(path))) {
    copy(join(folder, path), `duckdb/${path}`)
  }
  return folder
}

function isNative(path: string): boolean {
  return natives.includes(basename(path))
}

function copy(from: string, to: string, filter = (_: string) => true): void {
  fs.cpSync(from, join(target!, to), { recursive: true, filter })
}
