import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { buildSync, type Metafile } from 'esbuild'
import { NOTICES, noticesOf, packagesOf } from './notices.ts'

/** What goes into one function's bundle; paths are those of this repository. */
export interface BundleSpec {
  name: string
  /** The file whose exports are the handlers. */
  entry: string
  /** Whether it works with DuckDB: 70 MB that the others are spared. */
  duckdb: boolean
  /** Files or whole folders that are read when it runs, and where they go. */
  files?: { from: string; to: string }[]
  /** Imports that are never met where the bundle runs, as the code writes them. */
  unmet?: string[]
}

export interface Bundle {
  folder: string
  /** All that is in the folder, in order of the paths. */
  files: { path: string; bytes: number }[]
  /** The sources that `index.mjs` is made of. */
  inputs: string[]
}

/** Lambda's words for the processors it has. */
type Architecture = 'arm64' | 'x86_64'

const root = join(import.meta.dirname, '..')
const cache = join(root, '.sluice')

/** The two files of DuckDB; the first loads the other from its own folder (RUNPATH `$ORIGIN`). */
export const natives = ['duckdb.node', 'libduckdb.so']
/** As code asks for the first. */
const binding = './duckdb.node'

/**
 * Makes the folder that is deployed as a function: `index.mjs`, which needs no node_modules, the
 * licences of what is in it, and DuckDB for the target's processor beside it. The same sources give
 * the same bytes, and a folder whose content would not change is left as it is, so that two at once
 * do not disturb each other.
 *
 * @throws if `spec.duckdb` does not say what the code imports, if the code does not build, or if
 * npm cannot get DuckDB as package-lock.json has it
 */
export function bundle(spec: BundleSpec, architecture: Architecture): Bundle {
  const folder = join(cache, 'bundles', `${spec.name}-${architecture}`)
  const draft = makeDraft(spec.name)
  try {
    const inputs = buildCode(spec, draft)
    if (spec.duckdb) addDuckdb(architecture, draft)
    for (const { from, to } of spec.files ?? []) {
      fs.cpSync(resolve(root, from), join(draft, to), { recursive: true })
    }
    // DuckDB's own library is of a package that esbuild does not see.
    const native = spec.duckdb ? ['node_modules/@duckdb/node-bindings/package.json'] : []
    const notices = noticesOf(packagesOf([...inputs, ...native], root))
    fs.writeFileSync(join(draft, NOTICES), notices)
    makeReadable(draft)
    const files = filesOf(draft)
    replace(folder, draft)
    return { folder, files, inputs }
  } finally {
    fs.rmSync(draft, { recursive: true, force: true })
  }
}

/** Inside the cache, so that it is on the same disk and a rename can put it in place. */
function makeDraft(name: string): string {
  fs.mkdirSync(join(cache, 'bundles'), { recursive: true })
  return fs.mkdtempSync(join(cache, `draft-${name}-`))
}

/**
 * One file, neither split nor minified: measured, it is ready as soon as chunks are (170 ms with
 * the S3 client), and a stack trace names functions and the comment above them their source.
 */
function buildCode({ name, entry, duckdb, unmet = [] }: BundleSpec, folder: string): string[] {
  const { metafile } = buildSync({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: join(folder, 'index.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    legalComments: 'none',
    // What is CommonJS calls require() for Node's own modules, which an ES module does not have.
    banner: {
      js: `import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)`,
    },
    // DuckDB's own loader looks for a package of the processor that it runs on; ours is beside it.
    alias: { '@duckdb/node-bindings': binding },
    // pg asks for pg-native only where somebody uses `pg.native`.
    external: [binding, 'pg-native', ...unmet],
    metafile: true,
    logLevel: 'warning',
  })
  if (usesDuckdb(metafile) !== duckdb) {
    const found = duckdb ? 'does not import DuckDB; set duckdb: false' : 'imports DuckDB'
    throw new Error(`bundle ${name}: ${entry} ${found}`)
  }
  return Object.keys(metafile.inputs).sort()
}

function usesDuckdb({ outputs }: Metafile): boolean {
  return Object.values(outputs).some(({ imports }) => imports.some(({ path }) => path === binding))
}

function addDuckdb(architecture: Architecture, folder: string): void {
  const source = nativePackage(architecture)
  for (const file of natives) fs.copyFileSync(join(source, file), join(folder, file))
}

/** The folder of DuckDB's package for Amazon Linux (glibc): installed here, or got by npm once. */
function nativePackage(architecture: Architecture): string {
  const name = `@duckdb/node-bindings-linux-${architecture === 'x86_64' ? 'x64' : 'arm64'}`
  const locked = lockedPackage(name)
  const places = [root, join(cache, 'native', `${architecture}-${locked.version}`)]
  const [installed, fetched] = places.map((place) => join(place, 'node_modules', name))
  if (versionIn(installed!) === locked.version) return installed!
  if (versionIn(fetched!) !== locked.version) fetchPackage(name, locked, places[1]!)
  return fetched!
}

interface Locked {
  version: string
  integrity?: string
}

function lockedPackage(name: string): Locked {
  const { packages } = JSON.parse(fs.readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const locked = packages[`node_modules/${name}`] as Locked | undefined
  if (!locked) throw new Error(`package-lock.json has no ${name}`)
  const { version, integrity } = locked
  return { version, ...(integrity && { integrity }) }
}

function versionIn(folder: string): string | undefined {
  const path = join(folder, 'package.json')
  return fs.existsSync(path) ? JSON.parse(fs.readFileSync(path, 'utf8')).version : undefined
}

/**
 * By `npm ci` from a lock of this package alone, which makes npm compare what it gets with our
 * lock's hash. The lock leaves out for which processor it is: `npm ci` refuses another's than its
 * own, whatever `--cpu` says.
 */
function fetchPackage(name: string, locked: Locked, folder: string): void {
  const draft = makeDraft('native')
  try {
    const manifest = { private: true, dependencies: { [name]: locked.version } }
    const packages = { '': manifest, [`node_modules/${name}`]: locked }
    const lock = { lockfileVersion: 3, requires: true, packages }
    fs.writeFileSync(join(draft, 'package.json'), JSON.stringify(manifest))
    fs.writeFileSync(join(draft, 'package-lock.json'), JSON.stringify(lock))
    const args = ['ci', '--prefix', draft, '--ignore-scripts', '--no-audit', '--no-fund']
    execFileSync('npm', [...args, '--loglevel', 'error'], { cwd: draft, stdio: ['ignore', 2, 2] })
    fs.mkdirSync(join(folder, '..'), { recursive: true })
    replace(folder, draft)
  } finally {
    fs.rmSync(draft, { recursive: true, force: true })
  }
}

/** Lambda's user is not the one who deploys, whose umask may hide what is zipped with its mode. */
function makeReadable(folder: string): void {
  fs.chmodSync(folder, 0o755)
  for (const { path } of filesOf(folder)) fs.chmodSync(join(folder, path), 0o644)
}

/** Puts a draft where a folder is or will be; who comes second with the same leaves the first's. */
function replace(folder: string, draft: string): void {
  while (!isSame(folder, draft)) {
    try {
      // The commit point. It fails where a folder with files in it is.
      fs.renameSync(draft, folder)
      return
    } catch (error) {
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error
    }
    discard(folder)
  }
}

function isSame(folder: string, draft: string): boolean {
  const content = (within: string, path: string) => fs.readFileSync(join(within, path))
  try {
    const files = filesOf(draft)
    return (
      isDeepStrictEqual(filesOf(folder), files) &&
      files.every(({ path }) => content(folder, path).equals(content(draft, path)))
    )
  } catch (error) {
    // It is not there, or no longer.
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}

/** Takes a folder away in one step, so that nobody sees a part of it. */
function discard(folder: string): void {
  const grave = makeDraft('old')
  try {
    fs.renameSync(folder, join(grave, 'old'))
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  } finally {
    fs.rmSync(grave, { recursive: true, force: true })
  }
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

function filesOf(folder: string): Bundle['files'] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => ({ path: relative(folder, path), bytes: fs.statSync(path).size }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}
