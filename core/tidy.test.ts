import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, it } from 'vitest'
import { parseAst } from 'vitest/node'

/** A node of the syntax tree (ESTree), of which we read a few fields only. */
interface Node {
  type: string
  start: number
  end: number
  [field: string]: unknown
}

interface Source {
  path: string
  text: string
  nodes: Node[]
}

const root = dirname(import.meta.dirname)
/** Tests, what only tests use, and the bench: they may import all, and `describe` is long. */
const isTest = (path: string) =>
  /\.(test|fixture|conformance|schedules)\.ts$|^(bench|faults)\//.test(path)
/** Started by name, not imported. */
const isEntry = (path: string) =>
  /^functions\/[^/]+\/handler\.ts$|^cli\/|^[^/]+\.config\.ts$|^local\/test-[a-z-]+\.ts$/.test(
    path,
  ) || /^exports\/|^console\/page\/main\.tsx$/.test(path)

/** Which rooms a room may import from; those that are not named here may import from all. */
const rooms: Record<string, string[]> = {
  core: ['core'],
  functions: ['functions', 'core'],
  cli: ['cli', 'console', 'local', 'functions', 'core', 'package.json'],
  console: ['cli', 'console', 'local', 'functions', 'core', 'infra/notices.ts'],
  local: ['cli', 'console', 'local', 'functions', 'core', 'infra/shape.ts'],
  infra: ['infra'],
}

/** Where a package may be imported outside tests. */
const packages: [string, RegExp][] = [
  ['@aws-sdk/', /^core\/store\/s3-[a-z-]+\.ts$|^core\/database\/data-api(-[a-z]+)?\.ts$/],
  ['@aws-sdk/', /^core\/doctor\/(dead-letters|deployed(-[a-z]+)?)\.ts$/],
  ['@aws-sdk/', /^core\/(stream\/kinesis|queue)\.ts$/],
  ['@aws-sdk/', /^local\/(kinesis|localstack|worker(-[a-z]+)?)\.ts$/],
  ['@aws-sdk/', /^local\/data-api\/object-reader\.ts$/],
  ['pg', /^core\/database\/postgres\.ts$|^local\/one-statement\.ts$/],
  ['pg', /^local\/data-api\/(aws-s3|refusal|session|statement)\.ts$/],
  ['pg-copy-streams', /^core\/database\/postgres\.ts$/],
  ['@duckdb/', /^core\/duck\/duckdb(-json|-instance)?\.ts$/],
]

const sources = listSources()

it('a file has at most 250 lines', () => {
  const long = sources.filter(({ text }) => linesOf(text) > 250)
  expect(long.map(({ path, text }) => `${path}: ${linesOf(text)}`)).toEqual([])
})

it('a line has at most 100 columns', () => {
  const long = sources.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, n) => ([...line].length > 100 ? [`${path}:${n + 1}`] : [])),
  )
  expect(long).toEqual([])
})

it('a function has at most 60 lines, outside tests', () => {
  const long = find(/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/)
    .filter(({ source, node }) => !isTest(source.path) && linesOf(textOf(source, node)) > 60)
    .map(({ source, node }) => `${at(source, node)}: ${linesOf(textOf(source, node))}`)
  expect(long).toEqual([])
})

it('nothing is of type any', () => {
  expect(find(/^TSAnyKeyword$/).map(({ source, node }) => at(source, node))).toEqual([])
})

it('what is exported is imported elsewhere, or a type of what is', () => {
  const used = new Set(sources.flatMap(importedNames))
  const unused = sources
    .filter(({ path }) => !isEntry(path) && !used.has(`${path} *`))
    .flatMap((source) => exportedNames(source).map((name) => ({ source, name })))
    .filter(({ source, name }) => !used.has(`${source.path} ${name}`))
    .filter(({ source, name }) => !isNamedBesides(source, name))
  expect(unused.map(({ source, name }) => `${source.path}: ${name}`)).toEqual([])
})

it('imports point one way: cli, console, local to functions to core', () => {
  const wrong = imports()
    .filter(({ source, from }) => from.startsWith('.') && !isTest(source.path))
    .map(({ source, from }) => ({ path: source.path, target: resolved(source, from) }))
    .filter(({ path, target }) => {
      const allowed = rooms[path.split('/')[0] ?? '']
      return allowed?.every((room) => target !== room && !target.startsWith(`${room}/`))
    })
  expect(wrong.map(({ path, target }) => `${path} imports ${target}`)).toEqual([])
})

it('every room of core/ is told of', () => {
  const told = fs.readFileSync(join(root, 'docs/explanation/rooms.md'), 'utf8')
  const rooms = new Set(sources.flatMap(({ path }) => /^core\/([^/]+)\//.exec(path)?.[1] ?? []))
  const files = [
    ...told.slice(told.indexOf('| room |')).matchAll(/^\| `(\w+)\/` .*`([\w.-]+)` \|$/gm),
  ]
  expect(new Set(files.map(([, room]) => room))).toEqual(rooms)
  const paths = files.map(([, room, file]) => `core/${room}/${file}`)
  expect(paths.filter((path) => !fs.existsSync(join(root, path)))).toEqual([])
})

it('the page, which a browser runs, takes from the rest the types of shapes.ts alone', () => {
  const wrong = imports()
    .filter(({ source }) => source.path.startsWith('console/page/') && !isTest(source.path))
    .filter(({ source, node, from }) => {
      if (!from.startsWith('.')) return !/^(preact(\/hooks)?|uplot)$/.test(from)
      const target = resolved(source, from)
      const isShape = target === 'console/shapes.ts' && node.importKind === 'type'
      return !isShape && !target.startsWith('console/page/')
    })
  expect(wrong.map(({ source, from }) => `${source.path} imports ${from}`)).toEqual([])
})

it('a package with a room of its own is imported there only', () => {
  const wrong = imports().filter(({ source, from }) => {
    const rules = packages.filter(([name]) =>
      name.endsWith('/') ? from.startsWith(name) : from === name,
    )
    const isAllowed = rules.some(([, room]) => room.test(source.path))
    return rules.length > 0 && !isTest(source.path) && !isAllowed
  })
  expect(wrong.map(({ source, from }) => `${source.path} imports ${from}`)).toEqual([])
})

function listSources(): Source[] {
  const args = ['ls-files', '-co', '--exclude-standard', '--', '*.ts', '*.tsx', '*.mjs']
  const paths = execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n')
  return paths
    .filter((path) => path && fs.existsSync(join(root, path)))
    .map((path) => {
      const text = fs.readFileSync(join(root, path), 'utf8')
      return {
        path,
        text,
        nodes: flatten(parseAst(text, { lang: path.endsWith('x') ? 'tsx' : 'ts' })),
      }
    })
}

/** All nodes of a tree, whatever the names of the fields that hold them. */
function flatten(value: unknown): Node[] {
  if (Array.isArray(value)) return value.flatMap(flatten)
  if (typeof value !== 'object' || value === null) return []
  const inside = Object.values(value).flatMap(flatten)
  return isNode(value) ? [value, ...inside] : inside
}

function isNode(value: object): value is Node {
  return 'type' in value && typeof value.type === 'string' && 'start' in value
}

function find(type: RegExp, within = sources): { source: Source; node: Node }[] {
  return within.flatMap((source) =>
    source.nodes.filter((node) => type.test(node.type)).map((node) => ({ source, node })),
  )
}

/** Every import, re-export and `import('…')`, with its specifier. */
function imports(within = sources): { source: Source; node: Node; from: string }[] {
  const types = /^(ImportDeclaration|ImportExpression|Export(Named|All)Declaration)$/
  return find(types, within).flatMap(({ source, node }) => {
    const from = child(node, 'source')?.value
    return typeof from === 'string' ? [{ source, node, from }] : []
  })
}

/** `<path> <name>` of what a file imports from our own files; `*` where it takes all. */
function importedNames(source: Source): string[] {
  return imports([source])
    .filter(({ from }) => from.startsWith('.'))
    .flatMap(({ node, from }) => {
      const specifiers = children(node, 'specifiers')
      const names = specifiers.map((each) => {
        if (each.type === 'ImportDefaultSpecifier') return 'default'
        return nameOf(child(each, each.type === 'ExportSpecifier' ? 'local' : 'imported')) ?? '*'
      })
      const takesAll = /^(ImportExpression|ExportAllDeclaration)$/.test(node.type)
      return (takesAll ? ['*'] : names).map((name) => `${resolved(source, from)} ${name}`)
    })
}

function exportedNames(source: Source): string[] {
  return source.nodes.flatMap((node) => {
    if (node.type === 'ExportDefaultDeclaration') return ['default']
    if (node.type !== 'ExportNamedDeclaration') return []
    const declaration = child(node, 'declaration')
    const declared = declaration ? [declaration, ...children(declaration, 'declarations')] : []
    const names = declared.map((each) => nameOf(child(each, 'id')))
    const listed = children(node, 'specifiers').map((each) => nameOf(child(each, 'exported')))
    return [...names, ...listed].filter((name) => name !== undefined)
  })
}

/** A type that its own file names elsewhere belongs to the signature of something else there. */
function isNamedBesides({ nodes }: Source, name: string): boolean {
  return nodes.some(
    (node) =>
      (node.type === 'TSTypeReference' && nameOf(child(node, 'typeName')) === name) ||
      (node.type === 'TSInterfaceHeritage' && nameOf(child(node, 'expression')) === name),
  )
}

function resolved(source: Source, from: string): string {
  return normalize(join(dirname(source.path), from))
}

function child(node: Node, field: string): Node | undefined {
  const value = node[field]
  return typeof value === 'object' && value !== null && isNode(value) ? value : undefined
}

function children(node: Node, field: string): Node[] {
  const value = node[field]
  return Array.isArray(value) ? value.filter(isNode) : []
}

function nameOf(node: Node | undefined): string | undefined {
  return typeof node?.name === 'string' ? node.name : undefined
}

function textOf({ text }: Source, node: Node): string {
  return text.slice(node.start, node.end)
}

function at({ path, text }: Source, node: Node): string {
  return `${path}:${linesOf(text.slice(0, node.start))}`
}

function linesOf(text: string): number {
  return text.replace(/\n$/, '').split('\n').length
}
