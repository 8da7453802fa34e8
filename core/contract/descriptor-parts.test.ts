import { expect, test } from 'vitest'
import { MemoryStore } from '../store/memory-store.ts'
import { govern, packageOf } from './catalog.ts'

const folder = 'bronze/shop'
const schema = (type: string) => Buffer.from(`{"fields": [{"name": "id", "type": "${type}"}]}`)

/** A package with one resource for each way to say what its schema is. */
async function described(
  resources: Record<string, object>,
  store = new MemoryStore(),
): Promise<MemoryStore> {
  const all = Object.entries(resources).map(([name, one]) => ({
    ...{ name, path: `${name}.csv` },
    ...one,
  }))
  const body = JSON.stringify({ name: 'shop', profile: 'data-package', resources: all })
  await store.put(`${folder}/datapackage.json`, Buffer.from(body))
  return store
}

test('a schema and a dialect may stand in files of their own', async () => {
  const parts = { schema: './schemas/orders.yaml', dialect: 'dialect.json' }
  const store = await described({ orders: parts, others: { schema: 'schemas/orders.yaml' } })
  await store.put(`${folder}/schemas/orders.yaml`, Buffer.from('fields: [{name: id, type: year}]'))
  await store.put(`${folder}/dialect.json`, Buffer.from('\ufeff{"delimiter": ";"}'))
  const { contract } = await govern(store, `${folder}/orders.csv`)
  expect(contract).toMatchObject({ fields: [{ type: 'year' }], dialect: { delimiter: ';' } })
  const other = await govern(store, `${folder}/others.csv`)
  expect(other.contract).toMatchObject({ fields: [{ type: 'year' }], dialect: { delimiter: ',' } })
})

test('a part that changes, comes or goes is noticed as the descriptor itself is', async () => {
  const store = await described({ orders: { schema: 'schema.json' } })
  const look = () => govern(store, `${folder}/orders.csv`)
  const hashes = new Set<string>()
  const looked = async () => {
    const found = await look()
    hashes.add(found.hash)
    return found.contract?.fields[0]?.type ?? found.broken
  }
  expect(await looked()).toMatch(/shop\/schema.json, and no such file is there: put it there$/)
  await store.put(`${folder}/schema.json`, schema('integer'))
  expect(await looked()).toBe('integer')
  await store.put(`${folder}/schema.json`, schema('year'))
  expect(await looked()).toBe('year')
  await store.delete(`${folder}/schema.json`)
  expect(await looked()).toMatch(/no such file/)
  expect(hashes.size).toBe(3)
})

test.each([
  ['remote', 'https://example.com/schema.json', /found "https.*allowed: an object, or a path at/],
  ['absolute', '/etc/schema.json', /found "\/etc.*allowed: an object, or a path at or below/],
  ['above its folder', '../schema.json', /found "\.\.\/schema.json"; allowed: an object, or/],
  ['above it on the way', 'a/../../schema.json', /allowed: an object, or a path at or below/],
  ['no JSON', 'broken.json', /broken: bronze\/shop\/broken.json: not JSON/],
  ['no object', 'list.json', /bronze\/shop\/list.json: found \[1\]; allowed: an object/],
  ['no schema', 'empty.json', /resources\[0\].schema.fields: found nothing; allowed: array/],
])('a part that is %s breaks its own resource only, and is not fetched', async (_, path, why) => {
  const asked: string[] = []
  class Watched extends MemoryStore {
    override get(key: string) {
      asked.push(key)
      return super.get(key)
    }
  }
  const store = await described(
    {
      bad: { schema: path },
      good: { schema: JSON.parse(schema('integer').toString()) },
      odd: { path: 5, schema: 7, sluice: 'x' },
      remote: { path: 'http://example.com/a.csv' },
      'no-schema': {},
    },
    new Watched(),
  )
  await store.put(`bronze/schema.json`, schema('integer'))
  await store.put(`${folder}/broken.json`, Buffer.from('{'))
  await store.put(`${folder}/list.json`, Buffer.from('[1]'))
  await store.put(`${folder}/empty.json`, Buffer.from('{}'))
  const bad = await govern(store, `${folder}/bad.csv`)
  expect(bad).toMatchObject({ dataset: 'shop.bad', contract: undefined })
  expect(bad.broken).toMatch(why)
  expect((await govern(store, `${folder}/good.csv`)).contract?.dataset).toBe('shop.good')
  const none = (await govern(store, `${folder}/no-schema.csv`)).broken
  expect(none).toMatch(/schema: found null; allowed: a Table Schema \(`sluice init FILE`/)
  expect(asked.every((key) => key.startsWith(`${folder}/`))).toBe(true)
})

test('a resource without a name, or in another form, harms no other', async () => {
  const store = new MemoryStore()
  const good = { name: 'good', path: 'good.csv', schema: JSON.parse(schema('year').toString()) }
  const v0 = { ...good, name: 'v0', path: undefined, url: 'old.csv' }
  const resources = [{ path: 'a.csv' }, { name: 'json', format: 'json', path: 'b.json' }, good, v0]
  await store.put(`${folder}/datapackage.json`, Buffer.from(JSON.stringify({ resources })))
  const nameless = await govern(store, `${folder}/a.csv`)
  expect(nameless).toMatchObject({ dataset: undefined, contract: undefined })
  expect(nameless.broken).toMatch(/resources\[0\]\.name/)
  expect((await govern(store, `${folder}/b.json`)).broken).toMatch(/format: found "json"/)
  expect((await govern(store, `${folder}/good.csv`)).contract?.dataset).toBe('shop.good')
  expect((await govern(store, `${folder}/old.csv`)).contract?.dataset).toBe('shop.v0')
})

test('only what belongs to a package lets its objects through', async () => {
  const store = await described({ orders: { schema: 'schemas/orders.json' } })
  await store.put(`${folder}/schemas/orders.json`, schema('year'))
  const found = (key: string) => packageOf(store, key)
  expect(await found(`${folder}/datapackage.json`)).toBe(folder)
  expect(await found(`${folder}/schemas/orders.json`)).toBe(folder)
  expect(await found(`${folder}/schemas/other.json`)).toBe(undefined)
  expect(await found(`${folder}/orders.csv`)).toBe(undefined)
  expect(await found('bronze/schemas/orders.json')).toBe(undefined)
})
