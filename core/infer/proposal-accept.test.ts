import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestLake } from '../../functions/stages.fixture.ts'
import { readPackage } from '../contract/catalog.ts'
import { acceptProposal } from './proposal-accept.ts'
import { propose } from './proposal-file.ts'

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

describe('an accepted proposal', () => {
  const accept = () => acceptProposal(files.lake.store, 'bronze/p')
  const names = async () => {
    const found = await readPackage(files.lake.store, 'bronze/p')
    return found?.outline?.resources.map(({ name }) => name) ?? found?.broken
  }
  const bring = async () => {
    files.put('bronze/p/a.csv', 'id\n1\n')
    files.put('bronze/p/b.csv', 'n,"x ""y"""\n1,z\n')
    for (const name of ['a', 'b']) await proposed(`bronze/p/${name}.csv`)
  }

  it('is the descriptor where there was none', async () => {
    await bring()
    expect(await accept()).toEqual({
      file: 'bronze/p/datapackage.yaml',
      resources: ['a', 'b'],
      keys: ['bronze/p/a.csv', 'bronze/p/b.csv'],
    })
    expect(await names()).toEqual(['a', 'b'])
    expect(await textOf('bronze/p/datapackage.yaml')).toMatch(
      /^name: p\nresources:\n {2}- name: a\n/,
    )
    expect(await textOf(file)).toBe('')
    await expect(accept()).rejects.toThrow('there is no proposal to accept')
  })

  const mine = 'path: m.csv, schema: {fields: [{name: k}]}'
  it.each([
    '# Mine\nname:   p\nresources:\n- name: mine\n  schema: {fields: [{name: k}]} # a\nid: x',
    'name: p\nresources:\n    -   name: mine\n        schema: {fields: [{name: k}]}\n\n# the end',
    'resources:\n  - name: mine\n    path: m.csv\n    schema:\n      fields:\n        - name: k',
  ])('is added to YAML, whose lines stay: %j', async (text) => {
    files.put('bronze/p/datapackage.yaml', text)
    await bring()
    await accept()
    expect(await names()).toEqual(['mine', 'a', 'b'])
    const now = (await textOf('bronze/p/datapackage.yaml')).split('\n')
    for (const line of text.split('\n')) expect(now).toContain(line)
  })

  it('is added to YAML in flow style', async () => {
    files.put('bronze/p/datapackage.yml', `resources: [{name: mine, ${mine}}]`)
    await bring()
    await accept()
    expect(await names()).toEqual(['mine', 'a', 'b'])
  })

  it.each(['json', 'yaml'])('is added to %s, whose numbers stay as they are', async (format) => {
    const numbers = '"minimum": 18446744073709551615, "maximum": 99999999999999999.99'
    const fields = `[{"name": "k", "constraints": {${numbers}, "maxLength": 10}}]`
    const mine = `{"name": "mine", "path": "m.csv", "schema": {"fields": ${fields}}}`
    const own = `{"resources": [${mine}]}`
    files.put(`bronze/p/datapackage.${format}`, format === 'json' ? `\ufeff${own}` : own)
    await bring()
    await accept()
    const text = await textOf(`bronze/p/datapackage.${format}`)
    for (const part of ['18446744073709551615', '99999999999999999.99'])
      expect(text).toContain(part)
    expect(await names()).toEqual(['mine', 'a', 'b'])
  })

  it('is added to JSON, indented as it was', async () => {
    const own = {
      name: 'p',
      resources: [{ name: 'mine', path: 'm.csv', schema: { fields: [{ name: 'k' }] } }],
    }
    files.put('bronze/p/datapackage.json', `${JSON.stringify(own, null, '\t')}\n`)
    await bring()
    await accept()
    expect(await names()).toEqual(['mine', 'a', 'b'])
    expect(await textOf('bronze/p/datapackage.json')).toMatch(/^\{\n\t"name": "p",\n\t"res.*\}\n$/s)
  })

  it('is taken once more where a process died before it deleted it', async () => {
    await bring()
    const { store } = files.lake
    const remove = store.delete.bind(store)
    store.delete = () => Promise.reject(new Error('killed'))
    await expect(accept()).rejects.toThrow('killed')
    store.delete = remove
    const text = await textOf('bronze/p/datapackage.yaml')
    expect(await accept()).toMatchObject({ resources: ['a', 'b'], keys: { length: 2 } })
    expect(await textOf('bronze/p/datapackage.yaml')).toBe(text)
    expect(await textOf(file)).toBe('')
    files.put(file, `${text}  - {name: c, path: c.csv, schema: {fields: [{name: k}]}}\n`)
    expect((await accept()).resources).toEqual(['a', 'b', 'c'])
    expect(await names()).toEqual(['a', 'b', 'c'])
  })

  it('is refused where the descriptor has such a name by now', async () => {
    await bring()
    files.put('bronze/p/datapackage.yaml', `resources: [{name: A, ${mine}}]`)
    await expect(accept()).rejects.toThrow('resource "A" is there by now')
    expect(await textOf(file)).not.toBe('')
  })

  it('is refused where it was edited into what is no contract', async () => {
    await bring()
    files.put(file, (await textOf(file)).replace('integer', 'whole'))
    await expect(accept()).rejects.toThrow(/fields\[0\].*found "whole"/)
    expect(await names()).toBeUndefined()
  })

  it('has what was proposed meanwhile, too', async () => {
    await bring()
    const { store } = files.lake
    let is = false
    const put = store.put.bind(store)
    store.put = async (key, body, when) => {
      const done = await put(key, body, when)
      if (!is && key.endsWith('datapackage.yaml')) {
        is = true
        files.put('bronze/p/a-2.csv', 'id\n2\n')
        await proposed('bronze/p/a-2.csv')
      }
      return done
    }
    await accept()
    expect(await textOf('bronze/p/datapackage.yaml')).toContain('a-2.csv')
    expect(await textOf(file)).toBe('')
  })
})
