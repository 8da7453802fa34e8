import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { parseContract } from '../../core/contract/contract.ts'
import { parseOutline } from '../../core/contract/descriptor.ts'
import { type Duck, openDuck } from '../../core/duck/duckdb.ts'
import { judge } from '../../core/judge/verdict.fixture.ts'
import { literal } from '../../core/names.ts'
import { tablesOf } from '../tables.fixture.ts'

/** The table of docs/explanation/strictness.md: each of its rows is read by DuckDB, and by us. */

const rows = tablesOf('docs/explanation/strictness.md').get('The same file, read twice')!
const folder = mkdtempSync(join(tmpdir(), 'sluice-strict-'))
let duck: Duck

beforeAll(async () => {
  duck = await openDuck()
})

afterAll(() => {
  duck.close()
  rmSync(folder, { recursive: true })
})

it('has rows', () => expect(rows.length).toBeGreaterThan(15))

it.each(rows)('$text as $field', async (row) => {
  const { text = '', field = '', type = '' } = row
  const path = join(folder, 'a.csv')
  writeFileSync(path, `a,b\n${text},x\n`)
  const [DuckDB, cast] = [await readBy(path, type), await castBy(text, type)]
  expect({ text, field, type, DuckDB, Sluice: await judgedBy(path, field) }).toEqual(row)
  expect(cast).toBe(DuckDB)
})

function readBy(path: string, type: string): Promise<string> {
  const columns = `{a: ${literal(type)}, b: 'VARCHAR'}`
  return madeBy(`SELECT a::VARCHAR FROM read_csv(${literal(path)}, header = true,
    auto_detect = false, delim = ',', quote = '"', escape = '"', columns = ${columns})`)
}

function castBy(text: string, type: string): Promise<string> {
  return madeBy(`SELECT CAST(${literal(text)} AS ${type})::VARCHAR`)
}

async function madeBy(sql: string): Promise<string> {
  try {
    const [row] = await duck.all(sql)
    return String(row?.[0] ?? 'NULL')
  } catch {
    return 'error'
  }
}

/** The value that it is taken as, or the rule that rejects it. */
async function judgedBy(path: string, field: string): Promise<string> {
  const fields = [{ name: 'a', ...parseYaml(field) }, { name: 'b' }]
  const resources = [{ name: 'a', path: 'a.csv', schema: { fields } }]
  const key = 'bronze/docs/datapackage.json'
  const contract = parseContract(parseOutline(JSON.stringify({ resources }), key), 0, key)
  const own = mkdtempSync(join(folder, 'own-'))
  const { rows, rejects } = await judge({
    duck,
    contract,
    path,
    key: 'bronze/docs/a.csv',
    folder: own,
  })
  const [error] = rejects.flatMap(({ errors }) => errors)
  return error?.rule ?? String(rows[0]?.[0] ?? 'NULL')
}
