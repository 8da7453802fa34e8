import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { guard } from '../../console/guard.ts'
import { blocksOf, root } from '../pages.fixture.ts'
import { tablesOf } from '../tables.fixture.ts'

/** docs/reference/console.md against the page and its server. */

const page = 'docs/reference/console.md'
const tables = tablesOf(page)

it('has every view, by its address', () => {
  const [, views = ''] = /^const views = \{\n(.*?)^\}/ms.exec(sourceOf('router.ts')) ?? []
  const paths = [...views.matchAll(/: '([^']+)'/g)].map(([, path]) => path!)
  const told = tables.get('Views')?.map(({ address }) => address!)
  expect(told?.toSorted()).toEqual(paths.toSorted())
})

it('has every key that the page itself tells', () => {
  const source = sourceOf('keys-dialog.tsx')
  const [, list = ''] = /^const keys.*?\[\n(.*?)^\]/ms.exec(source) ?? []
  const keys = [...list.matchAll(/\[\[(.*?)\], '(.*)'\]/g)].map(([, names, does]) => ({
    key: names!.replaceAll(/'([^']+)'/g, '`$1`').replaceAll(', ', ' '),
    does,
  }))
  const told = tables.get('Keys')?.map(({ key, does }) => ({ key: `\`${key}\``, does }))
  expect(told).toEqual(keys)
})

it('has the policy that is sent with each answer', async () => {
  const answer = await guard({ token: undefined, allowHosts: [] }).request('/')
  const blocks = blocksOf(page).filter(({ text }) => text.startsWith('default-src'))
  const told = blocks.map(({ text }) => text.trim())
  expect(told).toEqual([answer.headers.get('content-security-policy')])
})

function sourceOf(name: string): string {
  return readFileSync(join(root, 'console/page', name), 'utf8')
}
