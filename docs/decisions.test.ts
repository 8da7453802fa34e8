import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root, textOf } from './pages.fixture.ts'

it('docs/decisions.md has a word on every package that is used', () => {
  const { dependencies, devDependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  )
  const used = Object.keys({ ...dependencies, ...devDependencies })
  const page = textOf('docs/decisions.md')
  const own = used.filter((name) => !name.startsWith('@types/'))
  expect(own.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
})
