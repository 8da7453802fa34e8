import { afterEach, expect, it, vi } from 'vitest'
import { MemoryStore } from '../store/memory-store.ts'
import { govern } from './catalog.ts'

/** What a stranger who may drop files may write into a descriptor: each harms its own package. */

afterEach(() => vi.restoreAllMocks())

const key = 'bronze/shop/orders/1.csv'
const levels = (deep: number, open: string, close: string) => open.repeat(deep) + close.repeat(deep)

async function governed(file: string, body: string, others: Record<string, string> = {}) {
  const store = new MemoryStore()
  await store.put(`bronze/shop/${file}`, Buffer.from(body))
  for (const [name, text] of Object.entries(others)) {
    await store.put(`bronze/shop/${name}`, Buffer.from(text))
  }
  return govern(store, key)
}

/** Ten times as many with each line. */
const laughs = Array.from({ length: 9 }, (_, i) => {
  const inner = Array(10).fill(i === 0 ? 'x' : `*a${i - 1}`)
  return `a${i}: &a${i} [${inner.join(',')}]\n`
})

it.each([
  ['references that multiply', 'yaml', `${laughs.join('')}resources: *a8`, /resource exhaustion/],
  ['a reference to itself', 'yaml', 'resources: [&a {name: x, path: x.csv, more: *a}]', /not YAML/],
  ['no end of brackets', 'yaml', `resources: ${'['.repeat(100_000)}`, /not YAML/],
  ['deep brackets', 'json', `{"resources": ${levels(50_000, '[', ']')}}`, /not JSON/],
  ['deep objects', 'json', levels(50_000, '{"a":', '}').replace('}', '1}'), /not JSON/],
  ['more than 8 MiB', 'json', ' '.repeat(8 * 2 ** 20 + 1), /found 8,388,609 bytes; allowed/],
])('%s: the package is broken, and why is told', async (_, ending, body, why) => {
  const { contract, broken } = await governed(`datapackage.${ending}`, body)
  expect(contract).toBeUndefined()
  expect(broken).toMatch(why)
  expect(broken).toContain(`bronze/shop/datapackage.${ending}: `)
})

const orders = (schema: unknown, more: object = {}) =>
  JSON.stringify({ resources: [{ name: 'orders', path: 'orders/1.csv', schema, ...more }] })

it('a part may be any file: one of more than 8 MiB is not read', async () => {
  const data = 'x'.repeat(8 * 2 ** 20 + 1)
  const { broken } = await governed('datapackage.json', orders('big.csv'), { 'big.csv': data })
  expect(broken).toContain('refers to bronze/shop/big.csv: found 8,388,609 bytes; allowed')
})

it.each(['../../outside.json', '/etc/passwd', 'http://127.0.0.1/x.json', 'file:///etc/passwd'])(
  'a part at %s is not read',
  async (path) => {
    const { broken } = await governed('datapackage.json', orders(path))
    expect(broken).toContain('allowed: an object, or a path at or below this folder')
  },
)

it('of many complaints the first are told: they are kept with each object', async () => {
  const fields = Array.from({ length: 10_000 }, () => ({ name: '' }))
  const { broken = '' } = await governed('datapackage.json', orders({ fields }))
  expect(broken.split('\n')).toHaveLength(21)
  expect(broken).toContain('and 9,980 more')
})

it('a glob that cannot be read breaks its package, and says where', async () => {
  const fields = [{ name: 'id' }]
  const files = ['*.csv', '+(a|aa)b']
  const { broken } = await governed('datapackage.json', orders({ fields }, { sluice: { files } }))
  expect(broken).toContain('resources[0].sluice.files: the glob "+(a|aa)b": found +( in it')
})

it('a glob that goes back from each star ends', async () => {
  const fields = [{ name: 'id' }]
  const sluice = { files: `${'*o'.repeat(20)}x` }
  const body = JSON.stringify({ resources: [{ name: 'a', schema: { fields }, sluice }] })
  const store = new MemoryStore()
  await store.put('bronze/shop/datapackage.json', Buffer.from(body))
  expect((await govern(store, `bronze/shop/${'o'.repeat(60)}`)).dataset).toBeUndefined()
})

it('a tag of YAML is no code, and is not told on the standard error', async () => {
  const warned = vi.spyOn(process, 'emitWarning')
  const { broken } = await governed('datapackage.yaml', 'resources: !!js/function "x"')
  expect(broken).toContain('resources: found "x"')
  expect(warned).not.toHaveBeenCalled()
})

it('a name is no prototype', async () => {
  const body = orders({ fields: [{ name: '__proto__' }, { name: 'constructor', type: 'integer' }] })
  const { contract } = await governed(
    'datapackage.json',
    body.replace('{', '{"__proto__":{"x":1},'),
  )
  expect(contract?.fields.map(({ name }) => name)).toEqual(['__proto__', 'constructor'])
  expect(Object.hasOwn(Object.prototype, 'x')).toBe(false)
})
