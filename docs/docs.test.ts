import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { CommanderError } from 'commander'
import { describe, expect, it, test } from 'vitest'
import { programOf } from '../cli/commands.ts'
import { commandsOf } from './commands.fixture.ts'
import { type Block, blocksOf, pages, root, textOf } from './pages.fixture.ts'
import { alike, typed } from './typed.fixture.ts'

/**
 * Everything that our pages tell to type is accounted for: run.pg.test.ts types it, or it says what
 * it needs, and is looked at here as far as that goes without.
 */

/** What a block may need, as it stands behind `sh`, and the tests that do the same where it is. */
const needs: Record<string, string[]> = {
  // Nothing has run on AWS: these run the same stack and commands on LocalStack.
  aws: ['local/deployed.aws.test.ts', 'cli/doctor.aws.test.ts', 'cli/redrive.aws.test.ts'],
  localstack: ['local/deployed.aws.test.ts'],
  docker: ['local/services.compose.test.ts', 'local/lambda-images.compose.test.ts'],
  // Ten minutes of two cores, or hours.
  bench: ['bench/cost.test.ts'],
  // Most of an hour; in short they are tests.
  faults: ['crash', 'events', 'storm', 'database', 'clock'].map(
    (name) => `faults/${name}.pg.test.ts`,
  ),
  // Python, with the validator of the standard's authors.
  referee: ['referee/referee.test.ts'],
  // The AWS CLI, version 2, which not everybody has.
  awscli: ['functions/streaming/append.test.ts', 'core/stream/kinesis.test.ts'],
  // The tests themselves.
  test: ['.ci/run'],
  // Other systems, from PyPI: bench/newcomer has what was done with them.
  dlt: [],
  // Typed where it is; it goes on until the page's end, or needs a client of Postgres.
  start: [],
  psql: [],
}

const shell = pages.flatMap((page) => {
  const blocks = blocksOf(page).filter(({ language }) => language === 'sh')
  return blocks.map((block) => ({ page, at: `${page}:${block.line}`, block }))
})

test.each(shell)('$at is typed, or says what it needs', ({ page, block }) => {
  const unknown = block.needs.filter((need) => !Object.hasOwn(needs, need))
  expect(unknown).toEqual([])
  const isTyped = block.needs.every((need) => need === 'start' || need === 'psql')
  if (isTyped) expect([...Object.keys(typed), ...Object.keys(alike)]).toContain(page)
})

test.each(Object.entries(alike))('%s tells to type what %s does', (page, other) => {
  const typedOn = (each: string) =>
    blocksOf(each)
      .filter(({ language }) => ['sh', 'started', ''].includes(language))
      .map(({ language, needs, text }) => [
        language,
        ...needs,
        ...(language === 'sh' ? commandsOf(text).map((words) => words.join(' ')) : [text]),
      ])
  expect(typedOn(page)).toEqual(typedOn(other))
})

it('every test that is said to do the same is there', () => {
  expect(Object.values(needs).flat().filter(isMissing)).toEqual([])
})

it('no block of commands hides behind another name', () => {
  const others = pages.flatMap((page) =>
    blocksOf(page)
      .filter(({ language, text }) => /shell|bash|console|zsh/.test(language) || /^\$ /m.test(text))
      .map(({ line }) => `${page}:${line}`),
  )
  expect(others).toEqual([])
})

test.each(shell)('$at is shell', ({ block }) => {
  expect(() => execFileSync('bash', ['-n'], { input: block.text, stdio: 'pipe' })).not.toThrow()
})

const commands = shell.flatMap(({ page, at, block }) =>
  commandsOf(block.text).map((words) => ({ page, at, block, words })),
)

describe('what is typed, is there:', () => {
  const calls = commands.flatMap(({ at, words }) => {
    const args = sluiceOf(words)
    return args ? { at, args, line: args.join(' ') } : []
  })
  test.each(calls)('$at: sluice $line', async ({ args }) => {
    expect(await complaintOf(args)).toBe('')
  })

  it('options behind `npm run sluice` stand behind --, or npm takes them', () => {
    const taken = commands.filter(({ words }) => {
      const [npm, run, ...rest] = words
      if (npm !== 'npm' || (run !== 'run' && run !== 'start')) return false
      const own = rest.slice(0, rest.indexOf('--') < 0 ? undefined : rest.indexOf('--'))
      return own.some((word, i) => word.startsWith('-') && !(i === 0 && word === '--silent'))
    })
    expect(taken.map(({ at, words }) => `${at}: ${words.join(' ')}`)).toEqual([])
  })

  it('scripts of npm', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const own = ['ci', 'i', 'install', 'pack']
    const unknown = commands.flatMap(({ at, words: [first, ...rest] }) => {
      const [word = '', next = ''] = rest.filter((each) => each !== '--silent')
      const script = word === 'run' ? next : word
      const isThere = Object.hasOwn(scripts, script) || (word !== 'run' && own.includes(word))
      return first === 'npm' && !isThere ? `${at}: npm ${word} ${next}` : []
    })
    expect(unknown).toEqual([])
  })

  it('programs of packages', () => {
    const wanted = commands.flatMap(({ words: [first, name] }) => (first === 'npx' ? name! : []))
    expect(wanted.filter((name) => isMissing(`node_modules/.bin/${name}`))).toEqual([])
  })

  it('services of compose', () => {
    const services = readFileSync(join(root, 'docker-compose.yml'), 'utf8')
    const named = commands.flatMap(({ words }) => {
      const at = words.indexOf('exec')
      if (words[1] !== 'compose' || at < 0) return []
      return words.slice(at + 1).find((word) => !word.startsWith('-'))!
    })
    const unknown = named.filter((name) => !new RegExp(`^ {2}${name}:`, 'm').test(services))
    expect(unknown).toEqual([])
  })

  it('files of the repository', () => {
    const missing = commands.flatMap(({ page, at, block, words }) => {
      if (isInEmptyFolder(page)) return []
      const paths = words.slice(1).filter((word) => ofRepository.test(word))
      return paths
        .filter((path) => isMissing(path) && !isMadeOn(page, block, path))
        .map((path) => `${at}: ${path}`)
    })
    expect(missing).toEqual([])
  })
})

it('files of the repository that a page names are there', () => {
  const missing = pages.flatMap((page) => {
    const text = textOf(page).replaceAll(/^ *```.*?^ *```$/gms, '')
    const named = [...text.matchAll(/`([^`\s]+)`/g)].map(([, name]) => name!)
    const paths = named.filter((name) => /^(\w|\.ci)[\w./-]*\/[\w./-]+\.[a-z]+$/.test(name))
    return paths
      .filter((path) => ofRooms.test(path) && isMissing(path))
      .map((path) => `${page}: ${path}`)
  })
  expect(missing).toEqual([])
})

test.each(pages)('links of %s lead to a page, and to a heading of it', (page) => {
  const links = linksOf(page)
  expect(links.filter((link) => !leads(page, link))).toEqual([])
})

it('every page is found from the index', () => {
  const index = linksOf('docs/README.md').map((link) =>
    normalize(join('docs', link.split('#')[0]!)),
  )
  const docs = pages.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md')
  expect(docs.filter((page) => !index.includes(page))).toEqual([])
})

const ofRepository = /^(bench|cli|console|core|data|docs|faults|functions|infra|local|referee)\//
const ofRooms = /^(bench|cli|console|core|docs|faults|functions|infra|local|referee|\.ci)\//

function isMissing(path: string): boolean {
  return !existsSync(join(root, path))
}

function isInEmptyFolder(page: string): boolean {
  return typed[page]?.clone === false
}

/** What a page puts there itself, or leaves to the reader's eye. */
function isMadeOn(page: string, block: Block, path: string): boolean {
  if (/[…*$<]/.test(path)) return true
  const before = blocksOf(page).filter(({ line }) => line <= block.line)
  const text = before.map((each) => each.text).join('\n')
  return new RegExp(`(>|mkdir( -p)?|cp \\S+|mv \\S+) ${RegExp.escape(path)}( |$)`, 'm').test(text)
}

/** The arguments of `sluice`, however it is called. */
function sluiceOf(words: string[]): string[] | undefined {
  if (words[0] === 'npm' && words[1] === 'start') return ['start', ...behind(words, 2)]
  const isOurs = ['sluice', 'npm', 'docker', 'npx'].includes(words[0] ?? '')
  const at = words.indexOf('sluice')
  // `psql -U sluice` within a container is another program.
  if (!isOurs || at < 0 || words[at - 1] === '-U') return undefined
  const args = behind(words, at + 1)
  // `sluice() { … "$@"; }` says how it is called.
  return args.length === 0 || args[0] === '$@' ? undefined : args
}

function behind(words: string[], from: number): string[] {
  return words.slice(words[from] === '--' ? from + 1 : from)
}

/** What the command line's parser has against it; nothing is done. */
async function complaintOf(args: string[]): Promise<string> {
  const program = await programOf(args)
  let told = ''
  for (const command of [program, ...program.commands]) {
    command.configureOutput({ writeErr: (text) => (told += text), writeOut: () => {} })
    if (command !== program) command.action(() => {})
  }
  try {
    await program.parseAsync(args, { from: 'user' })
    return ''
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? '' : told || error.message
    throw error
  }
}

function linksOf(page: string): string[] {
  const links = proseOf(page)
    .replaceAll(/`[^`\n]*`/g, '')
    .matchAll(/\]\(([^)\s]+)\)/g)
  return [...links].map(([, link]) => link!).filter((link) => !/^[a-z]+:/.test(link))
}

/** Without code, in which a bracket is no link and a number sign no heading. */
function proseOf(page: string): string {
  return textOf(page).replaceAll(/^ *```.*?^ *```$/gms, '')
}

function leads(page: string, link: string): boolean {
  const [path, anchor] = link.split('#')
  const target = path === '' ? page : relative(root, join(root, dirname(page), path!))
  if (isMissing(target)) return false
  return anchor === undefined || anchorsOf(target).includes(anchor)
}

/** As GitHub makes them of headings. */
function anchorsOf(page: string): string[] {
  return [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => {
    return heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
  })
}
