import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type BundleSpec, bundle } from './bundle.ts'
import type { Settings } from './settings.ts'

const root = join(import.meta.dirname, '..')

/** What is bundled into functions: paths are those of this repository. */
export const bundles: BundleSpec[] = [
  { name: 'raw-ingestion', entry: 'functions/raw-ingestion/handler.ts', duckdb: true },
  { name: 'silver', entry: 'functions/silver/handler.ts', duckdb: true },
  { name: 'streaming', entry: 'functions/streaming/handler.ts', duckdb: true },
  { name: 'maintenance', entry: 'functions/maintenance/handler.ts', duckdb: true },
  { name: 'setup', entry: 'functions/setup/handler.ts', duckdb: false, files: setupFiles() },
]

/** What is bundled into the images of docker compose: they take the functions' own handlers in. */
export const programs: (BundleSpec & { beside?: string })[] = [
  { name: 'worker', entry: 'local/worker.ts', duckdb: true },
  // The console's page is built beforehand; what would build it would bring esbuild along.
  { name: 'sluice', entry: 'cli/sluice.ts', duckdb: true, unmet: ['./bundle.ts'] },
  // What the console asks each query by.
  { name: 'query-child', entry: 'console/query-child.ts', duckdb: true, beside: 'sluice' },
]

/** setup.sql, and the contracts of data/ by their keys. */
function setupFiles(): { from: string; to: string }[] {
  const rooms = ['bronze', 'streaming'].filter((room) => existsSync(join(root, 'data', room)))
  const contracts = rooms.flatMap((room) =>
    readdirSync(join(root, 'data', room), { recursive: true, encoding: 'utf8' })
      .filter((name) => /(^|\/)datapackage\.(ya?ml|json)$/.test(name))
      .map((name) => ({ from: `data/${room}/${name}`, to: `contracts/${room}/${name}` })),
  )
  return [{ from: 'setup.sql', to: 'setup.sql' }, ...contracts]
}

const made = new Map<string, string>()

/** @returns the folder of a function's bundle, made once in a process */
export function bundleFor(name: string, architecture: Settings['architecture']): string {
  const key = `${name}-${architecture}`
  const known = made.get(key)
  if (known) return known
  const spec = bundles.find((one) => one.name === name)
  if (!spec) throw new Error(`no bundle is named ${name}`)
  const { folder } = bundle(spec, architecture)
  made.set(key, folder)
  return folder
}
