import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { Refused } from '../errors.ts'
import { parseContract } from './contract.ts'
import { parseOutline } from './descriptor.ts'

/**
 * docs/contract.md against the code: its examples are contracts, what may be said is on the page,
 * and what is not on the page is refused by name, where the page says so.
 */
const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/contract.md'), 'utf8')
const pages = ['README.md', 'docs/contract.md']
/** Words of code: those of the examples, and those in the text. */
const fenced = page.match(/^```yaml\n.*?^```$/gms)!
const inline = page.replaceAll(/^```.*?^```$/gms, '').match(/`[^`]+`/g)!
const listed = new Set([...fenced, ...inline].flatMap((code) => code.split(/[^\w-]+/)))

const examples = pages.flatMap((name) => {
  const text = readFileSync(join(root, name), 'utf8')
  const blocks = [...text.matchAll(/^( *)```yaml\n(.*?)^\1```/gms)]
  return blocks.map(([, indent, yaml]) => ({ name, yaml: dedented(yaml!, indent!) }))
})

test.each(examples)('an example of $name is a contract: $yaml', ({ yaml }) => {
  const found = parseYaml(yaml)
  if (found.resources) expect(contractsOf(found.resources)).not.toEqual([])
  else expect(contractOf(found)).toHaveProperty('fields')
})

it('has examples', () => {
  expect(examples.length).toBeGreaterThan(3)
})

describe('all that is allowed stands on the page', () => {
  const types = allowedBy(field({ type: 'none' }))

  test('types', () => expect(unlisted(types)).toEqual([]))

  test.each(types)('formats and constraints of %s', (type) => {
    const formats = allowedBy(field({ type, format: 'none' })).filter((one) => !/ /.test(one))
    const constraints = allowedBy(field({ type, constraints: { none: 1 } }))
    expect(unlisted([...formats, ...constraints])).toEqual([])
  })

  test.each([
    ['itemType', field({ type: 'list', itemType: 'none' })],
    ['fieldsMatch', { ...field({}), fieldsMatch: 'none' }],
  ])('%s', (_, schema) => expect(unlisted(allowedBy(schema))).toEqual([]))

  test.each(['format', 'compression', 'encoding'])('%s', (name) => {
    const all = allowedBy(field({}), { [name]: 'none' })
    const isInRange = /^(windows-125[1-7]|iso-8859-(3|4|5|6|7|8|9|1\d))$/
    expect(unlisted(all.filter((one) => !isInRange.test(one)))).toEqual([])
  })

  test.each(['descriptor.ts', 'field-descriptor.ts'])('properties of %s', (file) => {
    const text = readFileSync(join(import.meta.dirname, file), 'utf8')
    const shapes = text.slice(0, text.indexOf('function ')).matchAll(/^ {2,}(\w+): /gm)
    expect(unlisted([...shapes].map(([, name]) => name!))).toEqual([])
  })
})

describe('what is not on the page is refused by name', () => {
  test.each<[string, object, object?]>([
    ['a type', field({ type: 'money' })],
    ['a format', field({ type: 'integer', format: 'hex' })],
    ['a constraint', field({ constraints: { longest: 1 } })],
    ['a constraint of another type', field({ type: 'boolean', constraints: { minimum: 1 } })],
    ['a form of fieldsMatch', { ...field({}), fieldsMatch: 'some' }],
    ['a setting', field({}), { sluice: { partitions: ['a'] } }],
    ['a setting of a field', field({ sluice: { scale: 2 } })],
    ['an encoding', field({}), { encoding: 'utf-7' }],
    ['a format of files', field({}), { format: 'xlsx' }],
    ['a compression', field({}), { compression: 'zip' }],
    ['data within the descriptor', field({}), { data: [[1]] }],
    ['a path elsewhere', field({}), { path: 'https://example.com/a.csv' }],
  ])('%s', (_, schema, more) => expect(() => contractOf({ schema, ...more })).toThrow(Refused))

  it('and every other property decides nothing', () => {
    const own = { title: 't', mine: [1] }
    const resource = { ...own, profile: 'p', $schema: 'https://example.com', licenses: [{}] }
    const schema = { ...field({ ...own, rdfType: 'r' }), ...own }
    const found = contractOf({ ...resource, schema, dialect: { ...own, sheetName: 's' } })
    expect(found).toEqual(contractOf({ schema: field({}) }))
  })
})

function field(of: object) {
  return { fields: [{ name: 'a', ...of }] }
}

function contractOf(resource: object) {
  return contractsOf([{ name: 'a', path: 'a.csv', ...resource }])[0]
}

function contractsOf(resources: object[]) {
  const file = 'bronze/docs/datapackage.json'
  const outline = parseOutline(JSON.stringify({ resources }), file)
  return resources.map((_, i) => parseContract(outline, i, file))
}

/** What a refusal lists as allowed. */
function allowedBy(schema: object, more: object = {}): string[] {
  try {
    contractOf({ schema, ...more })
  } catch (error) {
    const [, allowed = ''] = /; allowed: ([^;(]*)/.exec((error as Error).message) ?? []
    return allowed.trim().split(', ')
  }
  throw new Error('it was not refused')
}

function unlisted(names: string[]): string[] {
  return names.filter((name) => !listed.has(name))
}

function dedented(text: string, indent: string): string {
  return text.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
}
