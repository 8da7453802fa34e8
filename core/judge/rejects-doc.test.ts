import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, it, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { parseContract } from '../contract/contract.ts'
import { parseOutline } from '../contract/descriptor.ts'
import { openDuck } from '../duck/duckdb.ts'
import { Refused } from '../errors.ts'
import { notesOf, rulesOf, sources } from './rules-told.fixture.ts'
import { judge } from './verdict.fixture.ts'

/**
 * docs/rejects.md against the code. Its examples are a contract (of one resource) and a file, and
 * what is said below them: `Rejected: line 3.` or `Refused.`; each must end by the rule of its
 * heading and by no other. And what the code can tell must stand on the page, and the reverse.
 */

interface Example {
  rule: string
  contract: string
  file: string
  /** Lines that are rejected; undefined where the object is refused whole. */
  lines: number[] | undefined
}

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/rejects.md'), 'utf8')
const sections = page
  .split(/^### /m)
  .slice(1)
  .map((text) => ({ rule: /^`([^`]+)`/.exec(text)?.[1] ?? text.split('\n')[0]!, text }))
const examples = sections.flatMap(({ rule, text }) => examplesIn(rule, text))

const duck = await openDuck()
const scratch = mkdtempSync(join(tmpdir(), 'sluice-rejects-'))
afterAll(() => rmSync(scratch, { recursive: true }))

describe.each(examples)('the example of $rule: $contract', (example) => {
  test('is told as the page says', async () => {
    const { rule, lines } = example
    const found = await verdictOn(example)
    if (lines === undefined) expect(found).toBe(rule)
    else expect(found).toEqual(lines.map((line) => ({ line, rules: [rule] })))
  })
})

it('every rule of a record that validation can tell has an example', () => {
  const told = new Set(examples.flatMap(({ rule, lines }) => (lines ? rule : [])))
  expect(told).toEqual(ofRecords)
})

it('every rule that the code can tell stands on the page', () => {
  const listed = new Set(page.match(/(?<=`)[a-z-]+\??(?=`)/g))
  const untold = [...rulesOf(sources), ...notesOf(sources)].filter((rule) => !listed.has(rule))
  expect(untold).toEqual([])
})

it('every heading of the page is something that the code can tell', () => {
  const known = new Set([...rulesOf(sources), ...notesOf(sources), tooMany, broken, ofPlace])
  expect(sections.map(({ rule }) => rule).filter((rule) => !known.has(rule))).toEqual([])
})

/** By what judges a record. */
const ofRecords = rulesOf(
  sources.filter(({ path }) =>
    /^core\/(contract\/constraint|judge\/(keys|plan)|rejects)\.ts$/.test(path),
  ),
)
// It stands beside a hundred others only.
ofRecords.delete('more-errors')

/** Headings of what has no name of its own. */
const [tooMany, broken, ofPlace] = [
  '*n* of *m* records would be rejected',
  'A contract that is broken',
  'Where it is too large, or does not fit',
]

function examplesIn(rule: string, text: string): Example[] {
  const form = /```yaml\n(.*?)```\n\n```csv\n(.*?)```\n\n(?:Rejected: lines? ([\d, ]+)|Refused)\./gs
  return [...text.matchAll(form)].map(([, contract, file, lines]) => ({
    ...{ rule, contract: contract!, file: file! },
    lines: lines?.split(',').map(Number),
  }))
}

/** As the page writes what cannot stand there: `\xe9` is a byte, `{3 × x}` is `xxx`. */
function bytesOf(file: string): Buffer {
  const long = file.replace(/\{([\d,]+) × (.)\}/g, (_, times: string, letter: string) => {
    return letter.repeat(Number(times.replaceAll(',', '')))
  })
  const parts = long.split(/\\x([0-9a-f]{2})/)
  return Buffer.concat(
    parts.map((part, i) => (i % 2 === 0 ? Buffer.from(part) : Buffer.from(part, 'hex'))),
  )
}

async function verdictOn({ contract: text, file }: Example) {
  const resource = { name: 'example', path: 'example.csv', ...parseYaml(text) }
  const key = 'bronze/docs/datapackage.json'
  const path = join(mkdtempSync(join(scratch, 'case-')), basename(resource.path))
  writeFileSync(path, bytesOf(file))
  try {
    const outline = parseOutline(JSON.stringify({ resources: [resource] }), key)
    const contract = parseContract(outline, 0, key)
    const folder = mkdtempSync(join(scratch, 'own-'))
    const task = { duck, contract, path, key: `bronze/docs/${resource.path}`, folder }
    const { rejects } = await judge(task)
    return rejects.map(({ line, errors }) => ({ line, rules: errors.map(({ rule }) => rule) }))
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return headOf(error.message)
  }
}

/** A refusal's rule, or the heading that it has on the page. */
function headOf(message: string): string {
  if (/^\d+ of \d+ records would be rejected/.test(message)) return tooMany!
  if (message.startsWith('bronze/')) return broken!
  return message.split(':')[0]!
}
