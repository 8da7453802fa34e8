import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** What licences ask to be kept with the code of their packages, in each bundle of ours. */

/** The file beside a bundle that has it. */
export const NOTICES = 'THIRD-PARTY.txt'

/** A package, as it is installed. */
export interface Installed {
  name: string
  version: string
  license: string
  folder: string
}

/**
 * The packages that the inputs of a bundle are of, by name.
 *
 * @param inputs paths as esbuild's metafile has them
 * @param within the folder that they are relative to
 */
export function packagesOf(inputs: string[], within: string): Installed[] {
  const folders = inputs.flatMap((path) => {
    return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(resolve(within, path))?.[0] ?? []
  })
  return [...new Set(folders)].map(installedIn).sort((a, b) => (a.folder < b.folder ? -1 : 1))
}

function installedIn(folder: string): Installed {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return { name, version, license: license ?? 'unknown', folder }
}

/** Name, version, licence and the licence's own text of each package. */
export function noticesOf(packages: Installed[]): string {
  const told = packages.map(({ name, version, license, folder }) => {
    const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
    const texts = files.sort().map((file) => readFileSync(join(folder, file), 'utf8').trim())
    const text = texts.length > 0 ? texts : [`https://spdx.org/licenses/${license}.html`]
    return [`${name} ${version} (${license})`, '', ...text].join('\n')
  })
  return `${[...new Set(told)].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}
