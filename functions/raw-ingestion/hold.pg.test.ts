import { expect, test } from 'vitest'
import { parseProposal } from '../../core/infer/proposal.ts'
import { acceptProposal } from '../../core/infer/proposal-accept.ts'
import type { Lake } from '../../core/lake.ts'
import { database, files, raw } from '../raw.fixture.ts'
import { resource, runSilver, storeWith, TestRaw } from '../stages.fixture.ts'

/** Files without a contract are held, and one is proposed beside them. */

const key = 'bronze/shop/orders.csv'
const file = 'bronze/shop/datapackage.proposed.yaml'
const says =
  `no contract names it; one is proposed in ${file}: \`sluice accept shop\` lets it through; ` +
  'or describe it as a resource in bronze/shop/datapackage.yaml'

async function textOf(name: string): Promise<string | undefined> {
  return (await files.lake.store.get(name))?.body.toString()
}

async function reasonOf(name: string): Promise<unknown> {
  const [row] = await raw.query('SELECT status, reason FROM sluice.objects WHERE key = $1', [name])
  return row
}

test('both stages hold a file, and its contract is proposed from all of it', async () => {
  files.put(key, 'id,zip\n1,01234\n2,99999\n')
  expect(await raw.run(key)).toMatchObject([{ status: 'held', reason: says, dataset: undefined }])
  // Silver does not know what raw-ingestion has made of it.
  const other =
    `no contract names it; raw-ingestion proposes one in ${file}, or says why not; ` +
    'or describe it as a resource in bronze/shop/datapackage.yaml'
  expect(await runSilver(files.lake, key)).toMatchObject([{ status: 'held', reason: other }])
  expect(await reasonOf(key)).toEqual({ status: 'held', reason: says })
  expect(parseProposal((await textOf(file)) ?? '')?.resources).toEqual([
    {
      ...{ name: 'orders', path: ['orders.csv'], encoding: undefined, dialect: {} },
      fields: [
        { name: 'id', type: 'integer' },
        { name: 'zip', type: 'string' },
      ],
      keys: [['id'], ['zip']],
      whys: [expect.objectContaining({ field: 'zip', path: 'orders.csv' })],
    },
  ])
})

test('what has two readings is a string; the proposal says what to write for each', async () => {
  files.put(key, 'price,id\n1.234,1\n2.500,2\n')
  await raw.run(key)
  const lines = ((await textOf(file)) ?? '').split('\n')
  const at = lines.indexOf('        - {name: price, type: string}')
  expect(lines[at - 1]).toBe(
    '        # In "orders.csv": "1.234" has two readings, and nothing in the file says which: ' +
      'where its point groups thousands, write type: integer, groupChar: "."; ' +
      'where its point begins decimals, write type: number',
  )
})

test('the proposal says what it would reject; the contract that it becomes does not', async () => {
  files.put(key, 'id,zip\n1,01234\n2\n')
  await raw.run(key)
  expect(await textOf(file)).toContain(`
# In "orders.csv": 2 records: 1 would be accepted, 1 rejected
# In "orders.csv": missing-cell: 1 record, in line 3: 1 cells; the header has 2
`)
  await acceptProposal(files.lake.store, 'bronze/shop')
  const accepted = (await textOf('bronze/shop/datapackage.yaml')) ?? ''
  expect(accepted).toMatch(/^name: shop\n/)
  expect(accepted).toContain('        # In "orders.csv": digits, but "01234" has zeros in front')
})

test('a proposal is no object, whatever a glob says of it', async () => {
  files.describe('shop', resource('all', ['id:integer'], {}, { files: '**' }))
  files.put(file, 'id\n1\n')
  expect(await raw.run(file)).toEqual([])
  expect(await runSilver(files.lake, file)).toEqual([])
})

test('renamed by hand, it loads what is held', async () => {
  files.put(key, 'id,at\n1,2026-01-31\n')
  await raw.run(key)
  files.put('bronze/shop/datapackage.yaml', (await textOf(file)) ?? '')
  files.remove(file)
  const events = 'bronze/shop/datapackage.yaml'
  expect(await raw.run(events)).toMatchObject([{ object: key, status: 'loaded', accepted: 1 }])
  expect(await runSilver(files.lake, events)).toMatchObject([{ status: 'loaded', accepted: 1 }])
  expect(await raw.table('shop.orders')).toEqual([[1, '2026-01-31']])
})

test.each([
  ['sep=;', 'sep=;\r\nid;note\r\n1;x\r\n2;y;z\r\n', 4, 1],
  ['titles', '"Report\nof sales";\n;\nid;note\n1;x\n2;y;z\n1;x\n1;x\n1;x\n', 6, 4],
])(
  'a header below %s is proposed, and loaded with the lines of the file',
  async (_, text, line, good) => {
    files.put(key, text)
    await raw.run(key)
    await acceptProposal(files.lake.store, 'bronze/shop')
    const end = { status: 'loaded', accepted: good, rejected: 1 }
    expect(await raw.run(key)).toMatchObject([end])
    expect(await runSilver(files.lake, key)).toMatchObject([end])
    expect(await raw.table('shop.orders')).toEqual(Array(good).fill([1, 'x']))
    expect(await raw.query('SELECT line::int, record::int, text FROM sluice.rejects')).toEqual([
      { line, record: 2, text: '2;y;z' },
    ])
  },
)

test('what is held again is not read again, until it or its proposal changes', async () => {
  files.put(key, 'id\n1\n')
  await raw.run(key)
  const opened: string[] = []
  const { store } = files.lake
  const open = store.open.bind(store)
  store.open = (version) => {
    opened.push(version.key)
    return open(version)
  }
  expect(await raw.run(key)).toMatchObject([{ reason: says }])
  expect(opened).toEqual([])
  files.remove(file)
  await raw.run(key)
  files.put(key, 'id\nx\n')
  await raw.run(key)
  expect(opened).toEqual([key, key])
  expect(await textOf(file)).toContain('{name: id, type: string}')
})

test.each([
  ['no dialect fits', 'Report\n1,2\n3,4\n5,6\n7,8\n'],
  ['source-error: the object is empty', ''],
])('where there is none, the reason says why: %s', async (why, text) => {
  files.put(key, text)
  const reason = expect.stringMatching(
    `^no contract names it, and none is proposed: ${why}.*; mend the file, or describe it as a ` +
      'resource in bronze/shop/datapackage.yaml$',
  )
  expect(await raw.run(key)).toMatchObject([{ status: 'held', reason }])
  expect(await raw.run(key)).toMatchObject([{ status: 'held', reason }])
  expect(await reasonOf(key)).toEqual({ status: 'held', reason })
})

test('a fault while a proposal is made harms nothing, and is told', async () => {
  files.put(key, 'id\n1\n')
  const { store } = files.lake
  const put = store.put.bind(store)
  store.put = () => Promise.reject(new Error('the disk is full'))
  const reason = 'no contract names it, and none is proposed: the disk is full'
  expect(await raw.run(key)).toMatchObject([{ status: 'held', reason }])
  expect(await reasonOf(key)).toEqual({ status: 'held', reason })
  store.put = put
  expect(await raw.run(key)).toMatchObject([{ status: 'held', reason: says }])
})

test('a file that is in no folder is held without one', async () => {
  files.put('bronze/orders.csv', 'id\n1\n')
  const reason = expect.stringContaining('move it into a folder')
  expect(await raw.run('bronze/orders.csv')).toMatchObject([{ status: 'held', reason }])
  expect(await textOf('bronze/datapackage.proposed.yaml')).toBeUndefined()
})

test('a file too large for here is held without one, and says where it is taken', async () => {
  files.put(key, 'id\n1\n')
  process.env.SLUICE_LIMIT_BYTES = '4'
  try {
    const reason = expect.stringMatching(/none is proposed here: too-large: 5 bytes.*sluice ingest/)
    expect(await raw.run(key)).toMatchObject([{ status: 'held', reason }])
  } finally {
    delete process.env.SLUICE_LIMIT_BYTES
  }
  expect(await textOf(file)).toBeUndefined()
  expect(await raw.run(key)).toMatchObject([{ status: 'held', reason: says }])
})

/** The lake, but for what happens once, after a look at the object and before its mark. */
function afterLook(meanwhile: () => Promise<void>): Lake {
  const { store } = files.lake
  let is = false
  const head: typeof store.head = async (name) => {
    const found = await store.head(name)
    // The last of the descriptors that a look asks for.
    if (!is && name === 'bronze/datapackage.json') {
      is = true
      await meanwhile()
    }
    return found
  }
  return { ...files.lake, store: storeWith(store, { head }) }
}

const contract = 'bronze/shop/datapackage.json'
const describe = () => files.describe('shop', { ...resource('orders', ['id:integer']) })

test('a contract between look and mark is not missed: by raw-ingestion', async () => {
  files.put(key, 'id\n1\n')
  const slow = afterLook(async () => {
    describe()
    // Its event finds no object yet that it could let through.
    expect(await raw.run(contract)).toEqual([])
  })
  const other = await TestRaw.open(slow, database.url)
  expect(await other.run(key)).toMatchObject([{ status: 'loaded', accepted: 1 }])
  await other.database.end()
})

test('a contract between look and mark is not missed: by silver, whose mark is none', async () => {
  files.put(key, 'id\n1\n')
  const ends: unknown[] = []
  const slow = afterLook(async () => {
    describe()
    // Its event takes every file of the folder, so that none needs to have been marked.
    ends.push(...(await runSilver(files.lake, contract)))
  })
  ends.push(...(await runSilver(slow, key)))
  expect(ends).toMatchObject([
    { object: key, status: 'loaded', accepted: 1 },
    { object: key, status: 'held' },
  ])
  expect(await runSilver(files.lake, key)).toMatchObject([{ status: 'unchanged', accepted: 1 }])
})
