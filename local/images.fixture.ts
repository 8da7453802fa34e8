import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { docker as program } from './compose.fixture.ts'

const root = dirname(import.meta.dirname)

/** Of all that is made here, which `clear` takes away. */
export const prefix = `sluice-test-${randomBytes(4).toString('hex')}`

/** @returns what it says on stdout */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd: root, maxBuffer: 2 ** 24 })
  return stdout.trim()
}

/** @returns the name of a target's image */
export function imageOf(target: string): string {
  return `${prefix}:${target}`
}

/** What all of them copy, and what they are made from, is made first, and once. */
export async function build(targets: string[]): Promise<void> {
  const make = (target: string) =>
    docker('build', '--quiet', '--target', target, '--tag', imageOf(target), '.')
  await make('build')
  await make(targets.some((target) => target.startsWith('lambda-')) ? 'lambda-duckdb' : 'worker')
  await Promise.all(targets.map(make))
}

/** Takes away whatever has the prefix; what Docker has cached stays. */
export async function clear(): Promise<void> {
  const named = ['--quiet', '--filter', `name=${prefix}`]
  await each(['rm', '--force', '--volumes'], await docker('ps', '--all', ...named))
  await each(['volume', 'rm'], await docker('volume', 'ls', ...named))
  await each(['network', 'rm'], await docker('network', 'ls', ...named))
  const format = '{{.Repository}}:{{.Tag}}'
  await each(['image', 'rm'], await docker('image', 'ls', '--format', format, prefix))
}

async function each(command: string[], lines: string): Promise<void> {
  if (lines) await docker(...command, ...lines.split('\n'))
}

/** @returns the files below a folder of an image, and the hash of each */
export async function filesIn(target: string, folder: string): Promise<Record<string, string>> {
  const script = `const fs = require('node:fs'), { hash } = require('node:crypto')
    const { join, relative } = require('node:path')
    const all = fs.readdirSync(process.argv[1], { recursive: true, withFileTypes: true })
    const paths = all.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
    const hashed = paths.map((path) => [
      relative(process.argv[1], path), hash('sha256', fs.readFileSync(path))
    ])
    console.log(JSON.stringify(Object.fromEntries(hashed)))`
  const node = ['--entrypoint', 'node', imageOf(target), '-e', script, folder]
  return JSON.parse(await docker('run', '--rm', ...node))
}
