import { expect, test } from 'vitest'
import { files, raw } from '../raw.fixture.ts'
import { etagOf, putReplay } from '../replay.fixture.ts'
import { resource } from '../stages.fixture.ts'

/** The ledger notes which rules rejected how many records of an object, as it is loaded. */

const key = 'bronze/p/t/a.csv'

async function load(text: string, of = key): Promise<string | undefined> {
  files.put(of, text)
  return raw.status(of)
}

async function rules(of = key): Promise<unknown> {
  const sql = 'SELECT rules FROM sluice.objects WHERE key = $1'
  return (await raw.query(sql, [of]))[0]?.rules
}

test('they are those of the version whose rows stand', async () => {
  files.describe('p', resource('t', ['id:integer', 'name'], { primaryKey: 'id' }))
  expect(await load('id,name\n1,a\nx,b\ny,c\n1,d\n')).toBe('loaded')
  expect(await rules()).toEqual([
    { rule: 'type-error', field: 'id', records: 2 },
    { rule: 'primary-key', field: 'id', records: 1 },
  ])
  expect(await load('id\n1\n')).toBe('refused')
  expect(await rules()).toHaveLength(2)
  expect(await load('id,name\n1,a\n')).toBe('loaded')
  expect(await rules()).toBe(null)
})

test('what is mended since is still among them', async () => {
  files.describe('p', resource('t', ['id:integer', 'name'], { primaryKey: 'id' }))
  await load('id,name\n1,a\nx,b\n')
  const replay = putReplay(files, key, await etagOf(files, key), 'id,name', { 2: '2,b' })
  expect(await raw.status(replay)).toBe('loaded')
  expect(await rules()).toEqual([{ rule: 'type-error', field: 'id', records: 1 }])
  expect(await rules(replay)).toBe(null)
})

test('a field may have any name that a contract can give it', async () => {
  const name = `"; DROP TABLE sluice.objects; -- \\ ' é \u{1F600} <b>`
  files.describe('p', resource('t', [`${name}:integer`, 'name'], { fieldsMatch: 'partial' }))
  expect(await load('a,name\n1,a\n')).toBe('loaded')
  expect(await load(`"${name.replaceAll('"', '""')}",name\nx,a\n`)).toBe('loaded')
  expect(await rules()).toEqual([{ rule: 'type-error', field: name, records: 1 }])
})
