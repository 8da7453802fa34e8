import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

type Loose = Record<string, unknown>

/**
 * A package's descriptor as plain data, for what explains a difference: whatever has another form
 * than the standard's is empty here. Neither side judges by it.
 */
export interface Descriptor extends Loose {
  resources: ({ name: string; path?: string | string[] } & Loose)[]
  /** Why it cannot be read at all. */
  broken?: string
}

/** Reads the descriptor of a folder, with the parts that stand in files of their own. */
export function readDescriptor(folder: string): Descriptor {
  const names = ['datapackage.json', 'datapackage.yaml', 'datapackage.yml']
  const name = names.find((one) => existsSync(join(folder, one)))
  if (name === undefined) return { resources: [], broken: `none of ${names.join(', ')}` }
  try {
    const found = objectOf(readData(join(folder, name)))
    const resources = listOf(found.resources).map((one) => resourceOf(folder, objectOf(one)))
    return { ...found, resources }
  } catch (error) {
    return { resources: [], broken: `${name}: ${String(error).split('\n')[0]}` }
  }
}

function resourceOf(folder: string, found: Loose): Descriptor['resources'][number] {
  const schema = partOf(folder, found.schema)
  const fields = listOf(schema.fields).map((field) => {
    return { ...objectOf(field), constraints: objectOf(objectOf(field).constraints) }
  })
  return {
    ...found,
    name: typeof found.name === 'string' ? found.name : '',
    // Version 0 of the standard called it `url`.
    path: (found.path ?? found.url) as string | string[] | undefined,
    schema: 'fields' in schema ? { ...schema, fields } : schema,
    dialect: partOf(folder, found.dialect),
  }
}

/** A part that is not there, or is remote, is told of by both sides. */
function partOf(folder: string, part: unknown): Loose {
  if (typeof part !== 'string') return objectOf(part)
  try {
    return objectOf(readData(join(folder, part)))
  } catch {
    return {}
  }
}

function readData(file: string): unknown {
  const text = readFileSync(file, 'utf8').replace(/^\ufeff/, '')
  return file.endsWith('.json') ? JSON.parse(text) : parse(text)
}

function objectOf(found: unknown): Loose {
  return typeof found === 'object' && found !== null && !Array.isArray(found)
    ? (found as Loose)
    : {}
}

const listOf = (found: unknown): unknown[] => (Array.isArray(found) ? found : [])

/** @returns the files of a resource; none where its data are inline, or remote */
function filesOf({ path }: Descriptor['resources'][number]): string[] {
  const paths = (Array.isArray(path) ? path : [path]) as unknown[]
  return paths.filter((one) => typeof one === 'string').filter((one) => !isRemote(one))
}

const isRemote = (path: string) => /^[a-z][a-z0-9+]+:\/\//i.test(path)

/** @returns the files of a package that a verdict is wanted of, each once */
export function pathsOf({ resources }: Descriptor): string[] {
  return [...new Set(resources.flatMap(filesOf))]
}

/** @returns what has no file in the package, so that there is nothing to judge, and why */
export function passedOver({ resources, broken }: Descriptor): string[] {
  if (broken !== undefined) return [`the descriptor cannot be read: ${broken}`]
  if (resources.length === 0) return ['the descriptor has no resources']
  return resources
    .filter((one) => filesOf(one).length === 0)
    .map(({ name, path }) => {
      const why = path === undefined ? 'has no path' : `its path is ${JSON.stringify(path)}`
      return `resource ${JSON.stringify(name)}: ${why}`
    })
}
