/**
 * Runs before `npm start`, `npm test` and `npm run bench`, on any Node from 18: installs what the
 * lock file names where it is not installed yet, and returns within milliseconds where it is.
 * Writes to stderr alone, because stdout belongs to the command that follows.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const node = join(modules, '.bin', 'node')
const installed = join(modules, '.sluice-lock')
const lock = join(root, '.sluice', 'setup.lock')

/** The holder of the lock touches it this often; one that was killed stops doing so. */
const beatMs = 1_000
const staleMs = 10_000

if (!isReady()) {
  const release = await takeLock()
  try {
    if (!isReady()) await install()
  } catch (error) {
    console.error(`sluice: ${error.message}`)
    process.exitCode = 1
  } finally {
    release()
  }
}

function isReady() {
  return fs.existsSync(node) && readIfThere(installed) === wanted()
}

/** What has to be installed: the lock file's content, for this kind of machine. */
function wanted() {
  const hash = createHash('sha256').update(fs.readFileSync(join(root, 'package-lock.json')))
  return `${hash.digest('hex')} ${process.platform}-${process.arch}\n`
}

function readIfThere(file) {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

/** One process installs, the others wait. @returns the function that lets go of the lock */
async function takeLock() {
  fs.mkdirSync(dirname(lock), { recursive: true })
  while (!makeFolder(lock)) {
    stealIfStale()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const beat = setInterval(() => {
    // A machine that slept may find it stolen: npm ci once more does no harm.
    if (fs.existsSync(lock)) fs.utimesSync(lock, new Date(), new Date())
  }, beatMs)
  return () => {
    clearInterval(beat)
    fs.rmSync(lock, { recursive: true, force: true })
  }
}

function makeFolder(path) {
  try {
    fs.mkdirSync(path)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

/** Renamed before it is removed, so that of several that find it stale only one takes it away. */
function stealIfStale() {
  const taken = `${lock}.${process.pid}`
  try {
    if (Date.now() - fs.statSync(lock).mtimeMs < staleMs) return
    fs.renameSync(lock, taken)
  } catch (error) {
    if (error.code === 'ENOENT') return
    throw error
  }
  fs.rmSync(taken, { recursive: true, force: true })
}

async function install() {
  const lockfile = wanted()
  console.error('sluice: installing dependencies (npm ci); this happens once …')
  // `node` is a devDependency, and scripts need it: NODE_ENV=production must not leave it out.
  await npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'])
  checkNode()
  fs.writeFileSync(installed, lockfile)
}

/** Runs the npm that runs this script, with the Node that it runs on; its stdout goes to stderr. */
async function npm(args) {
  const script = process.env.npm_execpath ?? ''
  const ownNode = process.env.npm_node_execpath
  const [command, first] = /npm-cli\.c?js$/.test(script)
    ? [ownNode && fs.existsSync(ownNode) ? ownNode : process.execPath, [script]]
    : ['npm', []]
  const child = spawn(command, [...first, ...args], { cwd: root, stdio: ['ignore', 2, 2] })
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve))
  if (code !== 0) throw new Error(`npm ${args[0]} failed (exit ${code}); see its message above`)
}

/** The package `node` fetches its binary in an install script, which npm may be told to skip. */
function checkNode() {
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? ''
  if (Number(/^v(\d+)/.exec(version)?.[1] ?? 0) >= 24) return
  throw new Error(
    `Node 24 is wanted at node_modules/.bin/node, found ${version || 'none'}: ` +
      'the install script of the package "node" did not run; ' +
      'run `npm rebuild node --ignore-scripts=false`, then the same command again',
  )
}
