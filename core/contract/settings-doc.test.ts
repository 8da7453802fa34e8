import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** docs/operations.md against the settings of a deployment. */
const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/operations.md'), 'utf8')
const [, table = ''] = /^\| key \| default \|.*\n\|---.*\n((?:\|.*\n)+)/m.exec(page) ?? []
const rows = table.trim().split('\n')
const source = readFileSync(join(root, 'infra/settings.ts'), 'utf8')
const [schema = ''] = /z\.object\(\{\n.*?^\}\)/ms.exec(source) ?? []

test('each key of the context has its row, and each row is a key', () => {
  const keys = [...schema.matchAll(/^ {2}(\w+): z/gm)].map(([, key]) => key)
  const told = rows.map((row) => /^\| `(\w+)` \|/.exec(row)?.[1])
  expect(told.toSorted()).toEqual(keys.toSorted())
})

test('a default on the page is that of the code, or of cdk.json', () => {
  const { context } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8'))
  for (const row of rows) {
    const [, key = '', told = ''] = /^\| `(\w+)` \| `?([^`|]*?)`? \|/.exec(row) ?? []
    const [, preset] = /\.default\('?([^')]+)'?\)/.exec(ofKey(key)) ?? []
    const wanted = preset ?? context[key]
    if (wanted !== undefined) expect([key, told]).toEqual([key, wanted])
  }
})

/** The schema's text from a key to the next one. */
function ofKey(key: string): string {
  const from = schema.indexOf(`\n  ${key}: z`)
  const next = schema.slice(from + 1).search(/\n {2}(\w+: z|\/\*\*)/)
  return schema.slice(from, next < 0 ? undefined : from + 1 + next)
}
