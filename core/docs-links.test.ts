import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

/** Every link from one of our pages to another leads to a file, and to a heading of it. */
const root = join(import.meta.dirname, '..')
const pages = ['.', 'docs'].flatMap((folder) => {
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith('.md'))
  return names.map((name) => join(folder, name))
})

test.each(pages)('%s', (page) => {
  const broken = linksOf(textOf(page)).filter((link) => !leads(page, link))
  expect(broken).toEqual([])
})

/** Without code, in which a bracket is no link. */
function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8').replaceAll(/^ *```.*?^ *```$/gms, '')
}

function linksOf(text: string): string[] {
  const links = text.replaceAll(/`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)
  return [...links].map(([, link]) => link!).filter((link) => !/^[a-z]+:/.test(link))
}

function leads(page: string, link: string): boolean {
  const [path, anchor] = link.split('#')
  const target = path === '' ? page : relative(root, join(root, dirname(page), path!))
  if (!existsSync(join(root, target))) return false
  return anchor === undefined || anchorsOf(textOf(target)).includes(anchor)
}

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => {
    return heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
  })
}
