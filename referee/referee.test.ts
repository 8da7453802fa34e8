import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { compareFile } from './compare.ts'
import { disagreements } from './disagreements.ts'
import { generate, store } from './generate.ts'
import { hear, type RefereeFile } from './judge.ts'
import { findPython } from './python.fixture.ts'
import { summaryOf } from './report.ts'
import { compare } from './run.ts'
import type { SluiceFile } from './verdict.ts'

const corpus = join(import.meta.dirname, '..', 'core', 'corpus', 'packages')
const lake = mkdtempSync(join(tmpdir(), 'sluice-referee-test-'))
afterAll(() => rmSync(lake, { recursive: true, force: true }))

const python = findPython()

describe.skipIf(!python)('with the referee', () => {
  it('agrees on three real packages and forty generated ones', async () => {
    const folders = [...realPackages(), ...Array.from({ length: 40 }, (_, n) => generated(9, n))]
    const result = await compare(python!, lake, folders)
    expect(result.unexplained.length, summaryOf(result)).toBe(0)
    expect(result.rows).toBeGreaterThan(2_000)
  })

  it('says of the real packages what expected.json has', async () => {
    const expected = JSON.parse(readFileSync(join(corpus, 'expected.json'), 'utf8'))
    const heard = await hear(
      python!,
      Object.keys(expected.packages).map((name) => ({ folder: join(corpus, name), adapt: [] })),
    )
    const told = Map.groupBy(heard, ({ folder }) => basename(folder))
    for (const [name, files] of told) {
      for (const file of files) {
        const { rows, bad_rows, error_counts } = expected.packages[name][file.resource]
        expect(file.rows.length).toBe(rows)
        expect(file.rows.filter((row) => row.errors.length > 0).length).toBe(bad_rows.length)
        expect(countsOf(file)).toEqual(error_counts)
      }
    }
  })
})

function realPackages(): string[] {
  mkdirSync(join(lake, 'bronze'), { recursive: true })
  const names = readdirSync(corpus).filter((name) => !name.includes('.'))
  return names.map((name) => {
    cpSync(join(corpus, name), join(lake, 'bronze', name), { recursive: true })
    return join(lake, 'bronze', name)
  })
}

function generated(seed: number, n: number): string {
  const folder = join(lake, 'bronze', `gen-${seed}-${n}`)
  store(generate(seed, n), folder)
  return folder
}

function countsOf({ errors, rows }: RefereeFile): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const [type] of [...errors, ...rows.flatMap((row) => row.errors)]) {
    counts[type] = (counts[type] ?? 0) + 1
  }
  return counts
}

describe('generated packages', () => {
  it('are the same for the same numbers, and others for others', () => {
    const all = (seed: number) => Array.from({ length: 20 }, (_, n) => [...generate(seed, n)])
    expect(all(3)).toEqual(all(3))
    expect(all(3)).not.toEqual(all(4))
  })

  it('have every type of the standard', () => {
    const text = Array.from({ length: 100 }, (_, n) => [...generate(1, n)])
      .flatMap((files) => files.filter(([path]) => path.startsWith('datapackage')))
      .map(([, body]) => body.toString())
      .join('\n')
    for (const type of types) expect(text).toMatch(new RegExp(`type"?: "?${type}\\b`))
  })
})

const types = [
  ...['string', 'number', 'integer', 'boolean', 'object', 'array', 'list', 'date', 'time'],
  ...['datetime', 'year', 'yearmonth', 'duration', 'geopoint', 'geojson', 'any'],
]

const at = { folder: '/lake/bronze/one', path: 'a.csv' }
const row = (line: number, errors: RefereeFile['rows'][number]['errors'] = []) => ({
  number: line,
  lines: [line, line] as [number, number],
  errors,
  cells: ['1', 'x'],
  values: { n: '1' },
})
const referee = (...rows: RefereeFile['rows']): RefereeFile => {
  return { ...at, resource: 'a', errors: [], labels: [], rows }
}
const sluice = (...rows: SluiceFile['rows']): SluiceFile => ({ ...at, refused: undefined, rows })
const good = (record: number) => ({ record, line: record + 1, errors: [] })
const bad = (record: number, rule: string, field?: string) => {
  return { record, line: record + 1, errors: [{ rule, field, value: '1', message: 'wrong' }] }
}

describe('a wrong verdict is noticed', () => {
  const type = ['type-error', 'n', '', '1'] as RefereeFile['rows'][number]['errors'][number]

  it.each<[string, RefereeFile, SluiceFile, string | undefined]>([
    [
      'the same',
      referee(row(2), row(3, [type])),
      sluice(good(1), bad(2, 'type-error', 'n')),
      undefined,
    ],
    ['a bad row accepted', referee(row(2, [type])), sluice(good(1)), 'verdict'],
    ['a good row rejected', referee(row(2)), sluice(bad(1, 'type-error', 'n')), 'verdict'],
    ['another field', referee(row(2, [type])), sluice(bad(1, 'type-error', 'm')), 'rules'],
    ['another rule', referee(row(2, [type])), sluice(bad(1, 'constraint-error', 'n')), 'rules'],
    ['a row lost', referee(row(2), row(3)), sluice(good(1)), 'verdict'],
    ['a row too many', referee(row(2)), sluice(good(1), good(2)), 'verdict'],
    ['a file refused', referee(row(2)), { ...sluice(), refused: 'no' }, 'verdict'],
  ])('%s', (_, theirs, ours, kind) => {
    expect(compareFile(theirs, ours).differences.map((one) => one.kind)[0]).toBe(kind)
  })
})

describe('a known disagreement', () => {
  it('has a sentence, a section, and a name of its own; all stand in docs/referee.md', () => {
    const docs = readFileSync(join(import.meta.dirname, '..', 'docs', 'referee.md'), 'utf8')
    for (const { id, sentence, section } of disagreements) {
      expect(docs).toContain(`\`${id}\``)
      expect(docs).toContain(sentence.replaceAll(/\s+/g, ' '))
      expect(docs).toContain(section)
    }
    expect(new Set(disagreements.map(({ id }) => id)).size).toBe(disagreements.length)
  })
})
