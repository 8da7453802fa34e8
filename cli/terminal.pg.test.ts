import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { beforeEach, expect, test } from 'vitest'
import { database, files } from '../functions/raw.fixture.ts'
import { resource } from '../functions/stages.fixture.ts'

/** Colours and progress: on a terminal, which script(1) makes, and nowhere else. */

beforeEach(() => {
  files.describe('p', resource('t', ['id:integer'], {}, { files: '*.csv' }))
  files.put('bronze/p/a.csv', 'id\n1\nx\n')
})

interface Told {
  out: string
  err: string
}

/** Runs the command, on a terminal where all that it writes is its output. */
function run(
  words: string[],
  on: 'terminal' | 'pipe',
  more: object = {},
  before = '',
): Promise<Told> {
  const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...env } = process.env
  const sluice = [process.execPath, join(import.meta.dirname, 'sluice.ts'), ...words]
  const line = sluice.map((word) => `'${word}'`).join(' ')
  const [file, ...args] = on === 'pipe' ? sluice : ['script', '-qec', before + line, '/dev/null']
  const options = { cwd: files.folder, env: { ...env, TERM: 'xterm-256color', ...more } }
  return new Promise((resolve) => {
    execFile(file!, args, options, (_, out, err) => resolve({ out, err }))
  })
}

const ingest = () => [
  ...['ingest', 'bronze/p/a.csv', '--lake', files.folder],
  ...['--database', database.url],
]
const esc = '\u001b['
const green = `${esc}32mloaded${esc}39m`
const yellow = `${esc}33m`
const hasColours = (text: string) =>
  text
    .split(esc)
    .slice(1)
    .some((part) => /^[0-9;]+m/.test(part))

test('a terminal has colours, and a bar that goes', async () => {
  const { out } = await run(ingest(), 'terminal')
  expect(out).toContain(green)
  expect(out).toContain(`${yellow}1${esc}39m`)
  // The cursor is hidden while the bar is drawn, and shown again.
  const [, bar = ''] = out.split(`${esc}?25l`)
  expect(bar.split(`${esc}?25h`)[0]).toContain('/2 objects × stages')
  const { out: rejects } = await run(['rejects', ...ingest().slice(2)], 'terminal')
  expect(rejects).toContain(`${yellow}type-error`)
  const { out: failed } = await run(['stauts'], 'terminal')
  expect(failed).toContain('Did you mean status?')
})

test('the table is the same but for its colours', async () => {
  await run(ingest(), 'pipe')
  const status = ['status', ...ingest().slice(2)]
  const [shown, plain] = [await run(status, 'terminal'), await run(status, 'pipe')]
  expect(hasColours(shown.out)).toBe(true)
  expect(stripVTControlCharacters(shown.out.replaceAll('\r', ''))).toBe(plain.out)
})

test('a message is cut to the width of a terminal, and whole in a pipe', async () => {
  files.put('bronze/p/a.csv', `id\n1\n${'x'.repeat(200)}\n`)
  await run(ingest(), 'pipe')
  const words = ['rejects', ...ingest().slice(2)]
  const { out } = await run(words, 'pipe')
  expect(out).toMatch(`│ ${'x'.repeat(200)} │`)
  expect(out).not.toContain('…')
  const [, message = ''] = /x │ (.+?) *│\n/.exec(out) ?? []
  const on = async (columns: number) => {
    const { out } = await run(words, 'terminal', {}, `stty cols ${columns}; `)
    const lines = stripVTControlCharacters(out).split(/\r?\n/)
    return { lines, widest: Math.max(...lines.map((line) => line.length)) }
  }
  for (const columns of [150, 180]) {
    const { lines, widest } = await on(columns)
    expect(columns - widest).toBeOneOf([0, 1])
    expect(lines.join()).toMatch(/ x+… │/)
  }
  const wide = await on(1_000)
  expect(wide.lines.join()).toContain(message)
  expect(wide.lines.join()).not.toContain('…')
})

test('NO_COLOR takes the colours away, and leaves the bar', async () => {
  const { out } = await run(ingest(), 'terminal', { NO_COLOR: '1' })
  expect(out).toContain('loaded')
  expect(hasColours(out)).toBe(false)
  expect(out).toContain(`${esc}?25l`)
  const { out: help } = await run(['--help'], 'terminal', { NO_COLOR: '1' })
  expect(help).not.toContain(esc)
})

test('a pipe has neither; FORCE_COLOR gives it the colours', async () => {
  const { out, err } = await run(ingest(), 'pipe')
  expect(out).toContain('loaded')
  expect(out + err).not.toContain(esc)
  const forced = await run(ingest(), 'pipe', { FORCE_COLOR: '1' })
  expect(forced.out).toContain(yellow)
  expect(forced.err).not.toContain(esc)
})

test('lines of JSON have none on a terminal', async () => {
  const { out } = await run([...ingest(), '--json'], 'terminal')
  expect(out).not.toContain(esc)
  for (const line of out.trim().split('\r\n')) expect(JSON.parse(line).status).toBeDefined()
})

test('the headings of the help are bold', async () => {
  expect((await run(['--help'], 'terminal')).out).toContain(`${esc}1mUsage:${esc}22m sluice`)
  expect((await run(['--help'], 'pipe')).out).toMatch(/^Usage: sluice/)
})
