import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from './bundle.ts'
import { bundles, programs } from './bundles.ts'
import { packagesOf } from './notices.ts'

/**
 * `npm run --silent sbom > sluice.cdx.json`: a list of all that is shipped, in CycloneDX
 * (https://cyclonedx.org): each package that the command line installs or the page is made of, with
 * its version, licence and hash, and in which bundles of functions and images its code is. The same
 * sources give the same bytes: no time and no random number is in it.
 */

const root = join(import.meta.dirname, '..')
const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64'

/** The page's: bundled into what is packed, and so tools to npm. */
const bundled = ['preact', 'uplot']

interface Component {
  name: string
  version: string
  properties?: { name: string; value: string }[]
  licenses?: { license: { id: string } }[]
}

interface Sbom {
  serialNumber?: string
  metadata: { timestamp?: string; [more: string]: unknown }
  components: Component[]
}

process.stdout.write(`${JSON.stringify(withBundles(ofNpm()), null, 2)}\n`)

/**
 * From a copy of our lock without tools: `--omit=dev` would leave out what they depend on, too
 * (https://github.com/npm/cli/issues/7909). npm names the list after the folder.
 */
function ofNpm(): Sbom {
  const scratch = mkdtempSync(join(tmpdir(), 'sluice-sbom-'))
  const folder = join(scratch, 'sluice')
  try {
    mkdirSync(folder)
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const { devDependencies, dependencies, ...rest } = manifest
    const page = Object.fromEntries(bundled.map((name) => [name, devDependencies[name]]))
    const shipped = { ...rest, dependencies: { ...dependencies, ...page } }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(shipped))
    copyFileSync(join(root, 'package-lock.json'), join(folder, 'package-lock.json'))
    const quiet = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund']
    npm(folder, ['install', '--package-lock-only', ...quiet])
    const form = ['--sbom-format=cyclonedx', '--sbom-type=application']
    return JSON.parse(npm(folder, ['sbom', '--package-lock-only', ...form]))
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

function npm(cwd: string, args: string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Of another processor's library the lock has no licence: it is that of this one's. */
function withBundles({ serialNumber: _, metadata, ...sbom }: Sbom): Sbom {
  const { timestamp: __, ...known } = metadata
  const made = [...bundles, ...programs].map((spec) => {
    const packages = packagesOf(bundle(spec, architecture).inputs, root)
    return { name: spec.name, in: new Set(packages.map((one) => `${one.name}@${one.version}`)) }
  })
  const components = sbom.components.map((component) => {
    const id = `${component.name}@${component.version}`
    const within = made.filter((one) => one.in.has(id))
    const found = within.map(({ name }) => ({ name: 'sluice:bundle', value: name }))
    const isNative = component.name.startsWith('@duckdb/node-bindings-')
    const licenses = component.licenses ?? (isNative ? [{ license: { id: 'MIT' } }] : [])
    return { ...component, licenses, properties: [...(component.properties ?? []), ...found] }
  })
  return { ...sbom, metadata: known, components }
}
