import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Argument, Command } from 'commander'
import { expect, it, test } from 'vitest'
import { commands } from './commands.ts'

/** docs/cli.md against what the commands say of themselves. */
const page = readFileSync(join(import.meta.dirname, '../docs/cli.md'), 'utf8')
const lines = page.split('\n')
const all = await Promise.all(commands.map(({ load }) => load()))
/** These have a table of their own on the page. */
const common = ['--lake', '--database', '--json', '--help']

test.each(all)('the row of $_name has all that it takes', (command) => {
  const row = lines.find((line) => new RegExp(`^\\| \`${command.name()}\\b`).test(line)) ?? ''
  expect(optionsOf(command).filter((name) => !row.includes(`\`${name}`))).toEqual([])
  expect(row).toContain(
    `\`${[command.name(), ...command.registeredArguments.map(shownAs)].join(' ')}\``,
  )
})

it('every option on the page is one', () => {
  const known = new Set([...common, '--version', ...all.flatMap(optionsOf)])
  const ours = page.replaceAll(/aws [^\n`"]*/g, '')
  const named = ours.match(/(?<=[` ])--[a-z][a-z-]+/g)!
  expect(named.filter((name) => !known.has(name))).toEqual([])
})

it('the options of all others are those that all others have', () => {
  const [, table = ''] = /\| option \| \|\n\|.*\n((?:\|.*\n)+)/.exec(page) ?? []
  const told = [...table.matchAll(/^\| `(--[a-z]+)/gm)].map(([, name]) => name)
  expect(told).toEqual(common)
})

function optionsOf(command: Command): string[] {
  return command.options.flatMap(({ long }) => (long && !common.includes(long) ? long : []))
}

function shownAs(one: Argument): string {
  const name = `${one.name()}${one.variadic ? '...' : ''}`
  return one.required ? `<${name}>` : `[${name}]`
}
