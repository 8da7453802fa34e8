import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** docs/cli.md's table of what `--json` prints, and what a line has that it does not say. */

const page = readFileSync(join(import.meta.dirname, '../docs/cli.md'), 'utf8')

/** One row of the table: a field's path, `rules[].field` or `table?.name`, and its types. */
interface Shape {
  of: string
  fields: Map<string, string[]>
}

/** The shapes of a command's lines, as the page has them. */
export function documentedLines(command: string): Shape[] {
  const [, table = ''] =
    /\| command \| one line for each \| fields \|\n\|.*\n((?:\|.*\n)+)/.exec(page) ?? []
  return table.split('\n').flatMap((row) => {
    const [, commands = '', of = '', fields = ''] = row
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim())
    return commands.includes(`\`${command}\``) ? { of, fields: fieldsOf(fields) } : []
  })
}

function fieldsOf(cell: string): Map<string, string[]> {
  const groups = cell.split(';').map((group) => group.split(':'))
  return new Map(
    groups.flatMap(([names = '', types = '']) =>
      [...names.matchAll(/`([^`]+)`/g)].map(
        ([, name]) => [name!, types.trim().split(/ or /)] as const,
      ),
    ),
  )
}

/**
 * What is wrong with a line, by the row that fits best.
 *
 * @returns nothing where one row says it all
 */
export function undocumented(command: string, line: unknown): string[] {
  const all = documentedLines(command).map(({ of, fields }) => misfits(of, fields, line))
  const [best] = all.toSorted((a, b) => a.length - b.length)
  return best ?? [`${command}: no row of the table is of it`]
}

function misfits(of: string, fields: Map<string, string[]>, line: unknown): string[] {
  const known = new Map([...fields].map(([path, types]) => [path.replaceAll('?', ''), types]))
  const found = pathsOf(line)
  const wrong = [...found].flatMap(([path, types]) => {
    const allowed = known.get(path)
    if (!allowed) return `${of}: ${path} is not on the page`
    return [...types]
      .filter((type) => !allowed.includes(type))
      .map((type) => `${of}: ${path} is ${type}`)
  })
  const missing = [...fields.keys()].filter((path) => {
    // What an empty list has, nobody sees.
    return !path.includes('?') && !path.includes('[]') && !found.has(path)
  })
  return [...wrong, ...missing.map((path) => `${of}: ${path} is missing`)]
}

/** Every path to a value that is no object, with the types that stand there. */
function pathsOf(value: unknown, path = '', found = new Map<string, Set<string>>()) {
  if (Array.isArray(value)) for (const one of value) pathsOf(one, `${path}[]`, found)
  else if (typeof value === 'object' && value !== null) {
    for (const [name, one] of Object.entries(value)) {
      pathsOf(one, path === '' ? name : `${path}.${name}`, found)
    }
  } else {
    const types = found.get(path) ?? new Set<string>()
    found.set(
      path,
      types.add(value === null ? 'null' : typeof value === 'string' ? 'text' : typeof value),
    )
  }
  return found
}
