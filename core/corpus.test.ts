import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parseContract } from './contract/contract.ts'
import { parseOutline } from './contract/descriptor.ts'
import { openDuck } from './duck/duckdb.ts'
import { Refused } from './errors.ts'
import { judge } from './judge/verdict.fixture.ts'

/**
 * A folder a case: a descriptor, its object, and the verdict on it. `rejected` lists record, line,
 * rules and fields (null for the whole record); `rows` the accepted values as text, where a case is
 * about them; `drift` what is told of a header that is taken; `refused` is a part of the reason. A
 * bug report becomes a folder.
 */
type Rejected = [record: number, line: number, rules: string[], fields: (string | null)[]]

interface Expected {
  records?: number
  rejected?: Rejected[]
  rows?: (string | null)[][]
  drift?: string[]
  refused?: string
}

const corpus = join(import.meta.dirname, 'corpus')
const duck = await openDuck()
const scratch = mkdtempSync(join(tmpdir(), 'sluice-corpus-'))
afterAll(() => rmSync(scratch, { recursive: true }))

describe.each(readdirSync(corpus).filter((name) => name !== 'packages'))('%s', (name) => {
  const expected: Expected = JSON.parse(readFileSync(join(corpus, name, 'expected.json'), 'utf8'))

  test.each([false, true])('judged as expected, with places: %s', async (places) => {
    const found = await judgeCase(join(corpus, name), places)
    if (expected.refused !== undefined) expect(found.refused).toContain(expected.refused)
    else {
      expect(found.refused).toBe(undefined)
      const { records, rejected } = expected
      expect({ records: found.records, rejected: found.rejected }).toEqual({ records, rejected })
      if (expected.rows) expect(found.rows).toEqual(expected.rows)
      expect(found.drift).toEqual(expected.drift ?? [])
    }
  })
})

async function judgeCase(folder: string, places: boolean): Promise<Expected> {
  const file = 'bronze/corpus/datapackage.yaml'
  try {
    const outline = parseOutline(readFileSync(join(folder, 'datapackage.yaml'), 'utf8'), file)
    const contract = parseContract(outline, 0, file)
    const path = outline.resources[0]!.path![0]!
    const key = `bronze/corpus/${path}`
    const own = mkdtempSync(join(scratch, 'case-'))
    const task = { duck, contract, path: join(folder, path), key, folder: own, places }
    const { verdict, rows, rejects } = await judge(task)
    const rejected = rejects.map(({ record, line, errors }): Rejected => {
      return [record, line, errors.map((e) => e.rule), errors.map((e) => e.field ?? null)]
    })
    return { records: verdict.records, rejected, rows, drift: verdict.drift }
  } catch (error) {
    if (error instanceof Refused) return { refused: error.message }
    throw error
  }
}
