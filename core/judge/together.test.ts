import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Contract, parseContract } from '../contract/contract.ts'
import { openDuck } from '../duck/duckdb.ts'
import { MEMBER } from './plan.ts'
import { judgeTogether, type Member } from './together.ts'
import { judge } from './verdict.fixture.ts'

const duck = await openDuck()
let scratch: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'sluice-together-'))
})
afterAll(() => rmSync(scratch, { recursive: true }))

const n = { name: 'n', type: 'integer' }
const b = { name: 'b', type: 'string' }

function contractOf(schema: object = {}, fields: object[] = [n, b]): Contract {
  const resource = { name: 't', path: 't.csv', schema: { fields, ...schema } }
  return parseContract({ resources: [resource] } as never, 0, 'bronze/t/datapackage.yaml')
}

/** Rows by the object that they are of; of those that were left out, none. */
async function together(contract: Contract, texts: (string | Buffer)[]): Promise<Rows> {
  const members = texts.map((text, i): Member => {
    const path = join(scratch, `${i}.csv`)
    writeFileSync(path, text)
    return { key: `bronze/t/${i}.csv`, path }
  })
  const found: Rows = texts.map(() => undefined)
  const wholes = await judgeTogether({ duck, contract }, members, async (select, some) => {
    for (const { member, nth } of some) {
      const rows = await duck.all(`SELECT COLUMNS(*)::VARCHAR FROM
        (SELECT * EXCLUDE (${MEMBER}) FROM (${select}) WHERE ${MEMBER} = ${nth})`)
      found[members.indexOf(member)] = sorted(rows)
    }
  })
  for (const { member, records } of wholes) {
    expect(found[members.indexOf(member)]).toHaveLength(records)
  }
  expect(wholes).toHaveLength(found.filter((rows) => rows).length)
  return found
}

type Rows = (string[] | undefined)[]

/** The same, object by object; undefined where a record is rejected, or the whole refused. */
async function apart(contract: Contract, texts: (string | Buffer)[]): Promise<Rows> {
  const found: Rows = []
  for (const text of texts) {
    const path = join(scratch, 'alone.csv')
    writeFileSync(path, text)
    const folder = mkdtempSync(join(scratch, 'run-'))
    const judged = await judge({ duck, contract, path, key: 't.csv', folder }).catch(
      () => undefined,
    )
    found.push(judged && judged.rejects.length === 0 ? sorted(judged.rows) : undefined)
  }
  return found
}

const sorted = (rows: unknown[][]) => rows.map((row) => JSON.stringify(row)).toSorted()

const cell = fc.constantFrom('1', '2', '22', 'x', '', ' y', '"q,\n"', 'é', '-3', '+4')
const line = fc.array(cell, { minLength: 2, maxLength: 2 }).map((cells) => cells.join(','))
const good = fc.nat(9).map((i) => `${i},b${i}`)
const text = fc
  .record({
    header: fc.constantFrom('n,b', 'n,b', 'n,b', 'b,n', 'n,b,c', 'n'),
    lines: fc.array(fc.oneof({ arbitrary: good, weight: 8 }, line), { maxLength: 5 }),
    end: fc.constantFrom('\n', '\n', '\n', '\r\n', ''),
  })
  .map(({ header, lines, end }) => [header, ...lines].join(end || '\n') + end)

test.each([
  ['no key', {}],
  ['a key', { primaryKey: 'n' }],
  ['fields by their names', { fieldsMatch: 'superset', primaryKey: 'n' }],
  ['missing values of its own', { missingValues: ['x', '1'] }],
])('what is judged together is judged as by itself: %s', async (_, schema) => {
  const contract = contractOf(schema)
  const texts = fc.array(text, { minLength: 2, maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(texts, async (texts) => {
      const [found, wanted] = [await together(contract, texts), await apart(contract, texts)]
      for (const [i, rows] of found.entries()) if (rows) expect(rows).toEqual(wanted[i])
    }),
    { numRuns: Number(process.env.SLUICE_ROUNDS ?? 40) },
  )
})

const plain = (i: number) => `n,b\n${i},x\n${i + 1},y\n`

test('all that hold are taken at once, but for those beside one that does not', async () => {
  const texts: (string | Buffer)[] = Array.from({ length: 16 }, (_, i) => plain(i))
  const taken = async () => (await together(contractOf(), texts)).map((rows) => rows?.length ?? 0)
  expect(await taken()).toEqual(Array(16).fill(2))
  texts[5] = 'n,b\n1,x\nz,y\n'
  expect(await taken()).toEqual([2, 2, 2, 2, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2])
  texts[5] = Buffer.from([...Buffer.from(plain(5)), 0x31, 0x2c, 0xff, 0x0a])
  texts[7] = '\ufeffn,b\n1,x\n'
  const left = texts.length - 2
  expect((await taken()).filter((count) => count === 2)).toHaveLength(left)
})

test('a header alone is an object of no records, and none of the others', async () => {
  const found = await together(contractOf(), [plain(0), 'n,b\n', plain(2), 'n,b', plain(4)])
  expect(found.map((rows) => rows?.length)).toEqual([2, 0, 2, 0, 2])
})

test('a key may stand in two objects, and not twice in one', async () => {
  const contract = contractOf({ primaryKey: 'n' })
  const texts = [plain(0), plain(0), plain(1), plain(2)]
  expect((await together(contract, texts)).map((rows) => rows?.length)).toEqual([2, 2, 2, 2])
  expect(await together(contract, [...texts, 'n,b\n1,x\n1,y\n'].slice(1))).toEqual(
    Array(4).fill(undefined),
  )
})
