import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { writeRows } from '../commit/parquet.ts'
import { parseContract } from '../contract/contract.ts'
import { parseOutline } from '../contract/descriptor.ts'
import { type Duck, openDuck } from '../duck/duckdb.ts'
import { validate } from './validate.ts'

/** Tables of many columns within the memory that `checkColumns` says is enough for them. */

const scratch = mkdtempSync(join(tmpdir(), 'sluice-wide-'))
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(scratch, { recursive: true })
})

async function silver(name: string, type: string, header: string[], rows: string[]) {
  const fields = header.map((label) => ({ name: label, type }))
  const outline = parseOutline(
    JSON.stringify({ resources: [{ name, path, schema: { fields } }] }),
    '',
  )
  const contract = parseContract(outline, 0, 'bronze/wide/datapackage.json')
  const folder = mkdtempSync(join(scratch, `${name}-`))
  const file = join(folder, path)
  writeFileSync(file, `${header.join(',')}\n${rows.join('')}`)
  const duck: Duck = await openDuck(1 << 30, header.length)
  try {
    return await validate(
      { duck, contract, folder, path: file, key: `bronze/wide/${path}` },
      (rows) => writeRows(duck, rows, contract, join(folder, 'rows')),
    )
  } finally {
    duck.close()
  }
}
const path = 'wide.csv'
const labels = (columns: number) => Array.from({ length: columns }, (_, i) => `c${i}`)

test.each([
  ['few texts', (i: number) => `low ${i % 5}`, 1_000],
  ['many texts', (i: number, row: number) => `text ${i} ${row}`, 8_000],
])(
  '1,024 columns of %s go through the default memory',
  async (name, cell, count) => {
    vi.stubEnv('SLUICE_MEMORY', undefined)
    const header = labels(1_024)
    const rows = Array.from(
      { length: count },
      (_, row) => `${header.map((_, i) => cell(i, row))}\n`,
    )
    const verdict = await silver(name.replace(' ', '-'), 'string', header, rows)
    expect(verdict).toMatchObject({ records: count, accepted: count, rejected: 0 })
  },
  60_000,
)

test('of a record with a thousand errors some are told, and the rest counted', async () => {
  const header = labels(1_000)
  const wrong = `${header.map(() => 'x')}\n`
  const right = `${header.map((_, i) => i)}\n`
  const last = `${header.map((_, i) => (i === 999 ? 'x' : i))}\n`
  const verdict = await silver('wrong', 'integer', header, [right, wrong, last])
  expect(verdict).toMatchObject({ records: 3, accepted: 1, rejected: 2 })
  const [first, second] = readFileSync(verdict.rejects!, 'utf8').split('\n')
  expect(first!.match(/type-error/g)!.length).toBeLessThan(400)
  expect(first).toMatch(/more-errors.*\d+ more errors/)
  expect(second!.match(/type-error/g)).toHaveLength(1)
  expect(second).toContain('c999')
})
