import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAst } from 'vitest/node'

/** The vocabulary of errors as the code itself has it, so that its page can be held against it. */

/** A node of the syntax tree (ESTree), of which we read a few fields only. */
interface Node {
  type: string
  [field: string]: unknown
}

interface Source {
  path: string
  nodes: Node[]
}

export const sources = ['core', 'functions', 'cli', 'local'].flatMap((room) => {
  return readdirSync(join(import.meta.dirname, '../..', room), {
    recursive: true,
    encoding: 'utf8',
  })
    .filter((path) => /^(?!.*\.(test|fixture|conformance|schedules)\.ts$).*\.ts$/.test(path))
    .map((path): Source => {
      const text = readFileSync(join(import.meta.dirname, '../..', room, path), 'utf8')
      return { path: `${room}/${path}`, nodes: flatten(parseAst(text, { lang: 'ts' })) }
    })
})

function flatten(value: unknown): Node[] {
  if (Array.isArray(value)) return value.flatMap(flatten)
  if (typeof value !== 'object' || value === null) return []
  const inside = Object.values(value).flatMap(flatten)
  return 'type' in value && typeof value.type === 'string' ? [value as Node, ...inside] : inside
}

/** What is said to be a `rule`: a property, a variable, an argument of that name, or in SQL. */
export function rulesOf(from: Source[]): Set<string> {
  return new Set(
    from.flatMap(({ nodes }) => {
      const makers = new Map(nodes.flatMap(makerOf))
      return nodes.flatMap((node) => [
        ...(nameOf(node.key ?? node.id) === 'rule' ? namesIn([node.value, node.init]) : []),
        ...(nameOf(node.key) === 'rule' ? namesIn(node.typeAnnotation) : []),
        ...(node.type === 'CallExpression' ? namesIn(argumentOf(node, makers)) : []),
        ...textsOf(node).flatMap((text) =>
          [...text.matchAll(/(?<!>)'([a-z-]+)' AS rule/g)].map(([, rule]) => rule!),
        ),
      ])
    }),
  )
}

/** A function that takes a `rule`, and as which argument. */
function makerOf(node: Node): [string, number][] {
  const made = (node.init ?? node.value ?? node) as Node
  const params = (made.params ?? (made.value as Node | undefined)?.params) as Node[] | undefined
  const name = nameOf(node.id ?? node.key)
  const at = params?.findIndex((param) => nameOf(param) === 'rule') ?? -1
  return name !== undefined && at >= 0 ? [[name, at]] : []
}

function argumentOf(call: Node, makers: Map<string, number>): unknown {
  const callee = call.callee as Node
  const at = makers.get(nameOf(callee.property ?? callee) ?? '')
  return at === undefined ? undefined : (call.arguments as Node[])[at]
}

function nameOf(node: unknown): string | undefined {
  const { name } = (node ?? {}) as { name?: unknown }
  return typeof name === 'string' ? name : undefined
}

function namesIn(value: unknown): string[] {
  return flatten(value)
    .flatMap(textsOf)
    .map((text) => text.replace(/^'(.*)'$/, '$1'))
    .filter((text) => /^[a-z]+(-[a-z]+)*$/.test(text))
}

/** A name of several words, or one of those that have one. */
const notes = /^([a-z]+(?:-[a-z]+)+|referenced|superseded|reordered|renamed\?)(?=:? )/

/** What a reason or a note begins with: `extra-label: …`, `renamed? …`. */
export function notesOf(from: Source[]): Set<string> {
  const ours = from.filter(({ path }) => /^(core|functions\/(?!setup))/.test(path))
  const texts = ours.flatMap(({ nodes }) => nodes.flatMap(textsOf))
  return new Set(texts.flatMap((text) => notes.exec(text)?.[1] ?? []))
}

function textsOf(node: Node): string[] {
  if (node.type === 'Literal' && typeof node.value === 'string') return [node.value]
  if (node.type !== 'TemplateElement') return []
  return [(node.value as { cooked: string }).cooked]
}
