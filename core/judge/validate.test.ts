import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Contract, parseContract } from '../contract/contract.ts'
import { openDuck } from '../duck/duckdb.ts'
import { MAX_RECORD } from '../rejects.ts'
import { type Judged, judge } from './verdict.fixture.ts'

/**
 * The fast way and the exact one must agree on every text: `places` forces the exact one. Rounds:
 * SLUICE_ROUNDS (default 60).
 */
const rounds = { numRuns: Number(process.env.SLUICE_ROUNDS ?? 60) }

const duck = await openDuck()
let scratch: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'sluice-validate-'))
})
afterAll(() => rmSync(scratch, { recursive: true }))

function contractOf(fields: object[], more: object = {}, schema: object = {}): Contract {
  const resource = { name: 't', path: 't.csv', schema: { fields, ...schema }, ...more }
  return parseContract({ resources: [resource] } as never, 0, 'bronze/t/datapackage.yaml')
}

async function judgeFile(
  path: string,
  contract: Contract,
  places: boolean,
  rows?: 'no rows',
): Promise<Judged> {
  const folder = mkdtempSync(join(scratch, 'run-'))
  const judged = await judge({ duck, contract, path, key: 't.csv', folder, places }, rows)
  rmSync(folder, { recursive: true })
  return judged
}

async function bothWays(text: string | Buffer, contract: Contract): Promise<Judged> {
  const path = join(scratch, 't.csv')
  writeFileSync(path, text)
  const fast = await judgeFile(path, contract, false)
  const exact = await judgeFile(path, contract, true)
  const plain = ({ verdict, rows, rejects }: Judged) => {
    return { ...verdict, rejects, rows: rows.map((row) => JSON.stringify(row)).sort() }
  }
  expect(plain(fast)).toEqual(plain(exact))
  return fast
}

const headless = { dialect: { header: false } }
const a = { name: 'a', type: 'string' }
const b = { name: 'b', type: 'string' }
const n = { name: 'n', type: 'integer' }

test.each([
  ['one text', [a]],
  ['two texts', [a, b]],
  ['a number and a text', [n, b]],
])('random texts are judged the same both ways: %s', async (_, fields) => {
  const contracts = [
    contractOf(fields, headless),
    contractOf(fields, headless, { missingValues: ['1', 'é'] }),
    contractOf(fields, headless, { primaryKey: fields[0]!.name }),
  ]
  const units = ['a', '1', ',', ',', '"', ' ', '\n', '\n', '\r', '\r\n', '\t', 'é', '\0']
  const text = fc.string({ unit: fc.constantFrom(...units), minLength: 1, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(text, fc.constantFrom(...contracts), async (text, contract) => {
      await bothWays(text, contract)
    }),
    rounds,
  )
})

const content = fc.string({
  unit: fc.constantFrom('a', '1', ',', '"', ' ', '\n', '\r', '\t', 'é', '😀', '\\', "'"),
  maxLength: 6,
})
const cell = fc.oneof(
  content.map((text) => `"${text.replaceAll('"', '""')}"`),
  fc.constantFrom('', '1', 'x', ' y', 'z ', '-2', 'é'),
)
const records = fc.array(fc.array(cell, { minLength: 1, maxLength: 3 }), { maxLength: 12 })

test('every record that was written is accepted or rejected, under its own number', async () => {
  const contract = contractOf([n, b], { dialect: { header: true } })
  const lineEnd = fc.constantFrom('\n', '\r\n', '\r')
  await fc.assert(
    fc.asyncProperty(records, lineEnd, fc.boolean(), async (records, lineEnd, closed) => {
      const texts = records.map((cells) => cells.join(',')).map((text) => text || '""')
      const text = `n,b${lineEnd}${texts.join(lineEnd)}${closed && texts.length > 0 ? lineEnd : ''}`
      const { verdict, rejects } = await bothWays(text, contract)
      expect(verdict.records).toBe(records.length)
      for (const { record, raw } of rejects) expect(raw.toString()).toBe(texts[record - 1])
    }),
    rounds,
  )
})

test('a text of many chunks with quoted newlines is read the same both ways', async () => {
  const inner = '7,not a record\n'.repeat(40)
  const contract = contractOf([n, b])
  const path = await write('large.csv', 'n,b\n', 200_000, (i) => {
    return i % 50 === 0 ? `${i},"${inner}"\n` : `${i},"line ${i}\n${i},""x"""\n`
  })
  const sums = `SELECT sum(n)::BIGINT, count(DISTINCT n), sum(strlen(b))::BIGINT FROM taken`
  const found: unknown[][] = []
  for (const places of [false, true]) {
    const { verdict } = await judgeFile(path, contract, places, 'no rows')
    expect(verdict).toMatchObject({ records: 200_000, accepted: 200_000 })
    found.push(...(await duck.all(sums)))
  }
  expect(found[0]!.slice(0, 2)).toEqual([19_999_900_000n, 200_000n])
  expect(found[1]).toEqual(found[0])
})

test('broken quotes, wherever a window ends, cost their own lines only', async () => {
  const path = await write('broken.csv', 'n,b\n', 300_000, (i) => {
    return i % 3 === 0 ? `${i},"x"y ${'z'.repeat(i % 97)}\r\n` : `${i},${'z'.repeat(i % 89)}\n`
  })
  const { verdict, rejects } = await judgeFile(path, contractOf([n, b]), false, 'no rows')
  expect(verdict).toMatchObject({ records: 300_000, rejected: 100_000 })
  expect(rejects.every(({ record, line }) => record % 3 === 1 && line === record + 1)).toBe(true)
})

test.each([
  ['a record of the greatest length', `1,${'x'.repeat(MAX_RECORD - 2)}`, undefined],
  ['the greatest length, doubled quotes', `1,"${'""'.repeat(MAX_RECORD / 2 - 2)}"`, undefined],
  ['the greatest length, bare quotes', `1,x${'"'.repeat(MAX_RECORD - 3)}`, undefined],
  ['one byte more', `1,${'x'.repeat(MAX_RECORD - 1)}`, 'too-long'],
  ['a line longer than any buffer', `1,${'x'.repeat(20_000_000)}`, 'too-long'],
  ['the same with a broken quote', `1,"x"${'x'.repeat(20_000_000)}`, 'too-long'],
])('a too long line costs itself only: %s', async (_, line, rule) => {
  for (const lineEnd of ['\n', '\r\n', '\r']) {
    const path = join(scratch, 'long.csv')
    writeFileSync(path, ['n,b', '0,x', line, '2,y', 'z,y', ''].join(lineEnd))
    const { verdict, rejects } = await judgeFile(path, contractOf([n, b]), false, 'no rows')
    expect(verdict.records).toBe(4)
    const rules = rejects.map(({ line, errors }) => [line, errors[0]!.rule])
    expect(rules).toEqual([...(rule ? [[3, rule]] : []), [5, 'type-error']])
  }
})

test('a last line without an end that is longer than any buffer is not lost', async () => {
  const path = join(scratch, 'last.csv')
  writeFileSync(path, `n,b\n1,x\n2,${'y'.repeat(40_000_000)}`)
  const { verdict } = await judgeFile(path, contractOf([n, b]), false, 'no rows')
  expect(verdict).toMatchObject({ records: 2, accepted: 1, rejected: 1 })
})

async function write(name: string, head: string, count: number, line: (i: number) => string) {
  const path = join(scratch, name)
  await using file = await open(path, 'w')
  await file.write(head)
  for (let i = 0; i < count; i += 1000) {
    await file.write(Array.from({ length: 1000 }, (_, k) => line(i + k)).join(''))
  }
  return path
}
