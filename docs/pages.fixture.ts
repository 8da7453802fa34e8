import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Our pages for people, and the fenced blocks in them. */

export const root = join(import.meta.dirname, '..')

/** Paths from the repository's root. */
export const pages = [
  ...['README.md', 'README.pt-BR.md', 'CHANGELOG.md', 'SECURITY.md'],
  ...pagesBelow('docs'),
]

/** A fenced block: its language, what stands behind that, its text, and where it begins. */
export interface Block {
  language: string
  needs: string[]
  text: string
  line: number
}

export function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}

export function blocksOf(page: string): Block[] {
  const text = textOf(page)
  const found = text.matchAll(/^( *)```(\S*) ?([^\n]*)\n(.*?)^\1```$/gms)
  return [...found].map(
    ({ 1: indent = '', 2: language = '', 3: needs = '', 4: body = '', index }) => ({
      language,
      needs: needs.split(' ').filter((need) => need !== ''),
      text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      line: text.slice(0, index).split('\n').length,
    }),
  )
}

function pagesBelow(folder: string): string[] {
  return globSync('**/*.md', { cwd: join(root, folder) }).map((name) => join(folder, name))
}
