import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestLake } from '../../functions/stages.fixture.ts'

import type { Inferred } from './infer.ts'
import { formatProposal, nameFor, type Proposal, parseProposal } from './proposal.ts'
import { acceptProposal } from './proposal-accept.ts'
import { isProposed, propose } from './proposal-file.ts'
import { joined } from './proposal-join.ts'

const integers = (...names: string[]) => names.map((name) => ({ name, type: 'integer' }))

const full: Proposal = {
  name: 'shop',
  resources: [
    {
      ...{ name: 'orders', path: ['a.csv', 'b\n  - #.csv'], encoding: 'windows-1252' },
      dialect: { delimiter: ';', header: false, commentRows: [1] },
      fields: [
        { name: 'a\n  - b: "#x', type: 'number', missingValues: ['', 'NA'] },
        { name: '007', type: 'string' },
      ],
      whys: [{ field: '007', path: 'b\n  - #.csv', text: '"1.234" has two readings: #' }],
      keys: [
        ['null'],
        ['a\n  - b: "#x', '007   # unique'],
        ['x   # unique and never missing in each file; also: y'],
        ['z\u2028    # a\u2029'],
      ],
    },
    {
      ...{ name: 'customers', path: ['c.csv'], encoding: undefined, dialect: {} },
      fields: [{ name: 'a: "', type: 'string' }, ...integers('id')],
      whys: [
        { field: 'a: "', path: 'c.csv', text: 'first of all' },
        { field: 'a: "', path: 'd.csv', text: 'In "c.csv": and more' },
      ],
      keys: [['id'], ['name', 'day']],
    },
  ],
  remarks: [
    { path: 'b\n  - #.csv', text: '9 records: 8 would be accepted, 1 rejected' },
    { path: 'a.csv', text: 'type-error in "In": 1 record, in line 2: "x" # no' },
    { path: '\u2028ls.csv', text: '1 record' },
  ],
  without: [{ path: 'e.csv', why: 'no dialect\n# primaryKey: x' }],
}

describe('the text of a proposal', () => {
  it('says the same again, whatever names it has', () => {
    const text = formatProposal(full, 'sluice accept shop')
    expect(parseProposal(text)).toEqual(full)
    expect(text).toContain('# Look at it and change what is wrong. Then: sluice accept shop\n')
    expect(text).toContain(
      '      # primaryKey: id   # unique and never missing in each file; also: [name,day]\n',
    )
  })

  it('shows that it was changed', () => {
    const text = formatProposal(full, 'sluice accept shop')
    for (const other of [text.replace('integer', 'string'), `${text}\n`, text.slice(0, -9), '']) {
      expect(parseProposal(other)).toBeUndefined()
    }
  })

  it.each([
    ['Órders 2026 (1)', [], 'orders-2026-1'],
    ['orders', ['Orders'], 'orders-2'],
    ['日本', [], 'data'],
    ['...', ['data'], 'data-2'],
  ])('the name for %j beside %j is %s', (text, taken, name) => {
    expect(nameFor(text, taken)).toBe(name)
  })
})

describe('one more file', () => {
  const found = (fields: Inferred['fields'], more: Partial<Inferred> = {}): Inferred => ({
    ...{ encoding: undefined, dialect: {}, keys: [['id'], ['n']], whys: [] },
    ...{ records: 1, rejected: 0, rules: [] },
    ...{ fields, ...more },
  })
  const text = { type: 'string' }
  const comma = { type: 'number', decimalChar: ',' }
  const empty: Proposal = { name: 'p', resources: [], remarks: [], without: [] }
  const of = async (files: [string, Inferred | string][], holds = true) => {
    let proposal = empty
    for (const [path, one] of files) {
      const file = typeof one === 'string' ? { path, why: one } : { path, found: one }
      proposal = await joined(proposal, ['taken'], file, async () => holds)
    }
    return proposal
  }

  it('of the same header and dialect joins its resource, which is named for both', async () => {
    const fields = integers('id', 'n')
    const { resources } = await of([
      ['2026/orders-2026-01.csv', found(fields)],
      ['2026/orders-2026-02.csv', found(fields, { keys: [['id']] })],
      ['x.csv', found(fields, { dialect: { delimiter: ';' } })],
      ['taken.csv.gz', found(integers('other'))],
    ])
    expect(resources.map(({ name, path, keys }) => [name, path.length, keys])).toEqual([
      ['orders', 2, [['id']]],
      ['x', 1, [['id'], ['n']]],
      ['taken-2', 1, [['id'], ['n']]],
    ])
  })

  it.each([
    ['integer', 'number', true, 'number'],
    ['integer', 'number', false, 'string'],
    ['integer', 'date', true, 'string'],
    ['date', 'date', false, 'date'],
  ])('%s and %s, proven: %s, are %s', async (a, b, holds, type) => {
    const one = (type: string) => found([{ name: 'v', type, missingValues: ['', type] }])
    const files: [string, Inferred][] = [
      ['a.csv', one(a)],
      ['b.csv', one(b)],
    ]
    const [field] = (await of(files, holds)).resources[0]!.fields
    expect(field?.type).toBe(type)
    const { whys } = (await of(files, holds)).resources[0]!
    const text = `${b} here, and ${a} in the files before`
    expect(whys).toEqual(type === 'string' ? [{ path: 'b.csv', field: 'v', text }] : [])
    expect(field?.missingValues).toEqual(type === 'string' ? undefined : ['', ...new Set([a, b])])
  })

  it.each<[object, object, object]>([
    [{ type: 'date', format: '%d/%m/%Y' }, { type: 'date', format: '%m/%d/%Y' }, text],
    [{ type: 'date', format: '%d/%m/%Y' }, { type: 'date' }, text],
    [comma, { type: 'integer' }, comma],
    [{ type: 'integer' }, comma, comma],
    [comma, { type: 'number' }, text],
    [comma, { ...comma, groupChar: '.' }, text],
    [comma, { type: 'integer', groupChar: ',' }, text],
    [{ ...comma, sluice: { decimal: [18, 2] } }, comma, comma],
  ])('written as %j and %j are %j', async (a, b, both) => {
    const one = (form: object) => found([{ name: 'v', type: '', ...form }])
    const { resources } = await of([
      ['a.csv', one(a)],
      ['b.csv', one(b)],
    ])
    expect(resources[0]!.fields).toEqual([{ name: 'v', ...both }])
  })

  it('what files say of a string is told of three, and no more of what was replaced', async () => {
    const whys = [{ field: 'v', text: 'it has two readings' }]
    const said = found([{ name: 'v', type: 'string' }], { whys })
    const files = ['a', 'b', 'c', 'd'].map((name): [string, Inferred] => [`${name}.csv`, said])
    const { resources } = await of(files)
    expect(resources[0]!.whys).toEqual(
      ['a', 'b', 'c'].map((name) => ({ ...whys[0], path: `${name}.csv` })),
    )
    const mended = found([{ name: 'v', type: 'string' }])
    expect((await of([...files, ['b.csv', mended]])).resources[0]!.whys).toHaveLength(2)
  })

  it('a newer version of a file takes the place of the earlier one', async () => {
    const all = await of([
      ['a.csv', 'no dialect fits'],
      ['a.csv', found(integers('id'))],
      ['b.csv', found(integers('n'))],
      ['b.csv', 'empty'],
    ])
    expect(all.resources.map(({ path }) => path)).toEqual([['a.csv']])
    expect(all.without).toEqual([{ path: 'b.csv', why: 'empty' }])
  })
})

let files: TestLake
beforeEach(() => {
  files = new TestLake()
})
afterEach(() => files.close())

const file = 'bronze/p/datapackage.proposed.yaml'

async function proposed(key: string): Promise<string | undefined> {
  return propose(files.lake, (await files.lake.store.head(key))!)
}

async function textOf(key: string): Promise<string> {
  return (await files.lake.store.get(key))?.body.toString() ?? ''
}

describe('the proposal of a folder', () => {
  it('has every file, though many are written at once', { timeout: 60_000 }, async () => {
    const keys = Array.from({ length: 8 }, (_, i) => `bronze/p/f${i}.csv`)
    for (const [i, key] of keys.entries()) files.put(key, `id,c${i % 4}\n1,${i === 5 ? 'x' : 2}\n`)
    expect(await Promise.all(keys.map(proposed))).toEqual(keys.map(() => undefined))
    const { resources } = parseProposal(await textOf(file))!
    expect(resources.flatMap(({ path }) => path).toSorted()).toEqual(
      keys.map((key) => key.slice('bronze/p/'.length)),
    )
    expect(resources).toHaveLength(4)
  })

  it('has the types that all files of a resource fit', async () => {
    files.put('bronze/p/a.csv', 'v,w\n1,12345678901234567\n')
    files.put('bronze/p/b.csv', 'v,w\n1.5,1\n')
    files.put('bronze/p/c.csv', 'v,w\n2,2.5\n')
    for (const name of ['a', 'b', 'c']) await proposed(`bronze/p/${name}.csv`)
    const { resources } = parseProposal(await textOf(file))!
    expect(resources.map(({ fields }) => fields.map(({ type }) => type))).toEqual([
      ['string', 'string'],
    ])
  })

  it('that a person has changed is left as it is', async () => {
    files.put('bronze/p/a.csv', 'id\n1\n')
    await proposed('bronze/p/a.csv')
    const edited = `${await textOf(file)}# mine\n`
    files.put(file, edited)
    files.put('bronze/p/b.csv', 'other\n1\n')
    expect(await proposed('bronze/p/b.csv')).toContain(`${file} has been edited`)
    expect(await proposed('bronze/p/a.csv')).toBeUndefined()
    expect(await textOf(file)).toBe(edited)
  })

  it('says why there is no contract for a file', async () => {
    files.put('bronze/p/a.csv', '')
    const why =
      'source-error: the object is empty; mend the file, or describe it as a resource in ' +
      'bronze/p/datapackage.yaml'
    expect(await proposed('bronze/p/a.csv')).toBe(why)
    expect(await textOf(file)).toContain('the object is empty')
    expect(await isProposed(files.lake, (await files.lake.store.head('bronze/p/a.csv'))!)).toBe(
      true,
    )
    await expect(acceptProposal(files.lake.store, 'bronze/p')).rejects.toThrow(
      `${file}: it proposes nothing:\nbronze/p/a.csv: no contract names it, and none is ` +
        'proposed: ' +
        why,
    )
  })
})
