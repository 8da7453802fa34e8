import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { pass, watched } from './watch.fixture.ts'
import { Watch } from './watch.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-03-01T12:00:00Z') })
})
afterEach(() => {
  vi.useRealTimers()
})

it('what lies in Bronze unseen arrives, and its part that is done is told', async () => {
  const { place: all, state, of } = watched()
  state.objects = ['bronze/p/a.csv', 'bronze/p/old.csv', 'bronze/p/known.dat', 'bronze/p/gone.csv']
  state.listed = {
    'bronze/p/a.csv': '1',
    'bronze/p/datapackage.yaml': '1',
    'bronze/p/old.csv': 'a newer one',
    'bronze/p/known.dat': 'a newer one',
    'bronze/p/new.csv.gz': '1',
    'bronze/p/half.csv.part': '1',
    'bronze/p/.hidden.csv': '1',
    'bronze/p/README.md': '1',
    'bronze/p/_replay/t/0123456789abcdef.csv': '1',
    'streaming/till/a.csv': '1',
  }
  new Watch(all).open(() => {})
  await pass(1)
  expect(of('flow').at(-1)).toMatchObject({ arriving: 4, progress: 0 })
  state.listed['bronze/p/old.csv'] = '1'
  await pass(6)
  expect(of('flow').at(-1)).toMatchObject({ arriving: 3, progress: 0.25 })
  for (const key of state.objects) state.listed[key] = '1'
  state.objects.push('bronze/p/new.csv.gz', 'bronze/p/_replay/t/0123456789abcdef.csv')
  await pass(6)
  expect(of('flow').at(-1)).toMatchObject({ arriving: 0, progress: null })
  const unknown = { waiting: null, running: null }
  expect(of('flow').at(-1)?.stages).toMatchObject([unknown, unknown, unknown])
})

describe('what else changes', () => {
  it.each([
    ['proposal', 'bronze/p/datapackage.proposed.yaml'],
    ['contract', 'bronze/p/datapackage.yaml'],
    ['contract', 'streaming/till/datapackage.json'],
    ['contract', 'bronze/p/schema.json'],
    ['stream', 'streaming_checkpoint/a-20260301/shard-0.json'],
    ['stream', 'streaming_checkpoint/sluice-20260301/shard-0.json'],
  ])('a %s, is told when %s comes, changes or goes', async (what, key) => {
    const { place: all, state, of } = watched()
    new Watch(all).open(() => {})
    await pass(6)
    state.listed = { 'streaming_checkpoint/published/x.json': '1', [key]: '1' }
    await pass(6)
    expect(of('changed')).toEqual([{ what }])
    state.listed[key] = '2'
    await pass(6)
    delete state.listed[key]
    await pass(6)
    expect(of('changed')).toEqual([{ what }, { what }, { what }])
  })

  it('is no data, and no object that was published', async () => {
    const { place: all, state, of } = watched()
    new Watch(all).open(() => {})
    await pass(6)
    state.listed = { 'bronze/p/a.csv': '1', 'streaming_checkpoint/published/x.json': '1' }
    await pass(6)
    expect(of('changed')).toEqual([])
  })
})
