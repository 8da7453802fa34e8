import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A project that has the packed package, without what only a clone has. */
export interface Project {
  folder: string
  /** What is in the package, by path. */
  files: string[]
  close(): void
}

const root = join(import.meta.dirname, '..')
const rooms = [
  ...['cli', 'console', 'core', 'exports', 'functions', 'local'],
  // By which the page's licences go with it.
  'infra/notices.ts',
]

/**
 * Packs a copy of the sources, so that no `dist/` comes to lie in this repository, and puts what
 * npm would install into a project: the package, unpacked, and links to what it depends on.
 */
export function packedProject(): Project {
  const folder = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'sluice-packed-'))
  const source = join(folder, 'source')
  copySources(source)
  const told = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: source,
    encoding: 'utf8',
    stdio: 'pipe',
  })
  const [{ filename, files }] = JSON.parse(told)
  const place = join(folder, 'project/node_modules/sluice')
  fs.mkdirSync(place, { recursive: true })
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', place, '--strip-components=1'])
  fs.rmSync(source, { recursive: true })
  linkPackages(join(folder, 'project/node_modules'))
  return {
    folder: join(folder, 'project'),
    files: files.map(({ path }: { path: string }) => path),
    close: () => fs.rmSync(folder, { recursive: true, force: true }),
  }
}

/** As git has them, or would. */
function copySources(to: string): void {
  const args = ['ls-files', '-co', '--exclude-standard', '-z', '--', ...rooms, ':(glob)*']
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\0')
  for (const path of listed.filter((one) => one && fs.existsSync(join(root, one)))) {
    fs.mkdirSync(dirname(join(to, path)), { recursive: true })
    fs.copyFileSync(join(root, path), join(to, path))
  }
  fs.symlinkSync(join(root, 'node_modules'), join(to, 'node_modules'))
}

/** What the lock file has for more than development. */
function linkPackages(to: string): void {
  const { packages } = JSON.parse(fs.readFileSync(join(root, 'package-lock.json'), 'utf8'))
  for (const [path, { dev }] of Object.entries<{ dev?: boolean }>(packages)) {
    const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1]
    if (name === undefined || dev || !fs.existsSync(join(root, path))) continue
    fs.mkdirSync(dirname(join(to, name)), { recursive: true })
    fs.symlinkSync(join(root, path), join(to, name))
  }
}
