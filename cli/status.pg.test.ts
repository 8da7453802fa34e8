import { beforeEach, describe, expect, test, vi } from 'vitest'
import { database, files, raw } from '../functions/raw.fixture.ts'
import { resource, runSilver } from '../functions/stages.fixture.ts'
import { statusCommand } from './status.ts'

/** What a person is told of headers that are not as the contract has them. */

const object = 'bronze/p/t/a.csv'
const coupon = '"coupon" (label 3) is no field; to load it add to the contract: - {name: coupon,'
const referenced = 'referenced: 1 rows that it no longer has stay for children'

/** What `sluice status` prints, and the exit code that it leaves. */
async function status(...args: string[]): Promise<{ out: string; code: unknown }> {
  let out = ''
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += chunk
    return true
  })
  const before = process.exitCode
  try {
    const places = ['--lake', files.folder, '--database', database.url]
    await statusCommand().parseAsync([...args, ...places], { from: 'user' })
    return { out, code: process.exitCode }
  } finally {
    spy.mockRestore()
    process.exitCode = before
  }
}

async function load(text: string): Promise<void> {
  files.put(object, text)
  await raw.run(object)
  await runSilver(files.lake, object)
}

async function reason(key = object): Promise<unknown> {
  const [row] = await raw.query('SELECT reason FROM sluice.objects WHERE key = $1', [key])
  return row?.reason
}

describe('drift', () => {
  beforeEach(() =>
    files.describe('p', resource('t', ['id:integer', 'name'], { fieldsMatch: 'subset' })),
  )

  test('stands in the ledger, and in both outputs of status, of a loaded object', async () => {
    await load('id,name,coupon\n1,a,x\n')
    expect(await reason()).toContain(`extra-label: ${coupon}`)
    const table = await status()
    expect(table.code).toBe(0)
    const told = table.out.split('\n').filter((line) => line.includes('extra-label'))
    expect(told).toEqual([expect.stringContaining(`${object}: loaded: extra-label: ${coupon}`)])
    const lines = (await status('--json')).out.trimEnd().split('\n')
    const ends = lines.map((line) => JSON.parse(line))
    expect(ends.map(({ stage, status }) => `${stage} ${status}`)).toEqual([
      'raw-ingestion loaded',
      'silver loaded',
    ])
    for (const end of ends) expect(end.reason).toContain(coupon)
  })

  test('is gone with the version that had it', async () => {
    await load('id,name,coupon\n1,a,x\n')
    await load('id,name\n1,a\n')
    expect(await reason()).toBe(null)
    expect((await status()).out).not.toContain('label')
  })

  test('names whatever the header has, on one line', async () => {
    await load('id,name,"\x1b[31m\r\nx\u202e"\n1,a,x\n')
    const { out } = await status()
    expect(out).toContain('"\\u001b[31m\\r\\nx\\u202e" (label 3) is no field')
    expect(out).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u)
  })
})

test('a refusal tells the line to add, or the form that takes the header', async () => {
  files.describe('p', resource('t', ['id:integer', 'name']))
  await load('id,name,coupon\n1,a,x\n')
  const { out, code } = await status()
  expect(code).toBe(3)
  expect(out).toContain('refused: extra-label: label 3 "coupon" is no field; to load it add')
  expect(out).toContain('- {name: coupon, type: string} (as field 3); `fieldsMatch: subset`')
})

test('a parent that children still point to says so beside its drift', async () => {
  const keyed = { primaryKey: 'id', fieldsMatch: 'subset' }
  const toParent = { fields: 'id', reference: { resource: 't', fields: 'id' } }
  files.describe(
    'p',
    resource('t', ['id:integer', 'name'], keyed),
    resource('c', ['id:integer'], { foreignKeys: [toParent] }),
  )
  await load('id,name\n1,a\n2,b\n')
  files.put('bronze/p/c/a.csv', 'id\n1\n')
  await raw.run('bronze/p/c/a.csv')
  await load('id,name,coupon\n2,b,x\n')
  expect(await reason()).toContain(`${referenced}; extra-label: ${coupon}`)
})
