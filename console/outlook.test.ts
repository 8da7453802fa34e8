import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { resource, storeWith, TestLake } from '../functions/stages.fixture.ts'
import { Api } from './api.fixture.ts'
import { outlookOf } from './outlook.ts'

test('a lake that takes long to list is looked at seldom; but when something is told', async () => {
  const files = new TestLake()
  try {
    const { store } = files.lake
    const list = async function* (...args: Parameters<typeof store.list>) {
      await sleep(200)
      yield* store.list(...args)
    }
    const lake = { ...files.lake, store: storeWith(store, { list }) }
    const { place } = new Api(lake)
    files.describe('a', resource('t', ['id']))
    const first = await outlookOf(place)
    expect(first.described).toEqual(['bronze/a'])
    files.describe('b', resource('t', ['id']))
    files.put('bronze/b/datapackage.proposed.yaml', 'x')
    files.put('streaming/c/datapackage.proposed.yaml', 'x')
    expect(await outlookOf(place)).toBe(first)
    place.live.tell('changed', { what: 'contract' })
    expect(await outlookOf(place)).toEqual({
      described: ['bronze/a', 'bronze/b'],
      proposals: ['bronze/b/datapackage.proposed.yaml'],
      streamed: new Map(),
    })
  } finally {
    files.close()
  }
})
