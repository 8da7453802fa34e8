import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deflateRawSync } from 'node:zlib'
import { bundle } from '../infra/bundle.ts'
import { bundles } from '../infra/bundles.ts'
import { type Figure, figure, quantile } from './figure.ts'

const run = promisify(execFile)
const own = process.arch === 'arm64' ? 'arm64' : 'x86_64'

/** A start takes a tenth of a second, so more of them than of the long runs. */
const starts = 10

/** How long a new process needs until a function's handler can be called, and what is deployed. */
export async function init(): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const spec of bundles) {
    const { folder, files } = bundle(spec, own)
    const done: Start[] = []
    for (let i = 0; i < starts; i++) done.push(await start(join(folder, 'index.mjs')))
    const imports = done.map((one) => one.imported)
    figures.push(
      figure('init', `${spec.name}: import`, 'ms', imports, { atMost: 400 }),
      figure('init', `${spec.name}: import, p95`, 'ms', [quantile(imports, 0.95)]),
      figure(
        'init',
        `${spec.name}: process to handler`,
        'ms',
        done.map((one) => one.ready),
      ),
      ...sizes(spec.name, folder, files),
    )
  }
  return figures
}

interface Start {
  imported: number
  /** Since the process began. */
  ready: number
}

const script = `const before = performance.now()
  import(process.argv[1]).then(() => {
    const ready = performance.now()
    console.log(JSON.stringify({ imported: ready - before, ready }))
  })`

async function start(path: string): Promise<Start> {
  const { stdout } = await run(process.execPath, ['-e', script, path])
  return JSON.parse(stdout)
}

function sizes(name: string, folder: string, files: { path: string; bytes: number }[]): Figure[] {
  const whole = files.reduce((sum, { bytes }) => sum + bytes, 0)
  const zipped = files.reduce((sum, { path }) => {
    return sum + deflateRawSync(readFileSync(join(folder, path))).length
  }, 0)
  return [
    figure('init', `${name}: unzipped`, 'MB', [whole / 1e6]),
    figure('init', `${name}: zipped`, 'MB', [zipped / 1e6], { atMost: 40 }),
  ]
}
