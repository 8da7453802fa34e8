import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { counts, loaded, outcome, pass, watched } from './watch.fixture.ts'
import { Watch } from './watch.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-03-01T12:00:00Z') })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('where another process loads', () => {
  const end = (key: string, at: string) => {
    return { ...outcome, object: key, reason: null, at: new Date(at) }
  }

  it('what is new in the ledger has ended; what was there before is no news', async () => {
    const { place: all, state, of, looks } = watched()
    state.ends = [end('bronze/p/a.csv', '2026-03-01T11:59:00Z')]
    new Watch(all).open(() => {})
    await pass(3)
    expect(of('end')).toEqual([])
    state.totals = [{ ...loaded, ...counts, objects: 2 }]
    state.ends = [end('bronze/p/b.csv', '2026-03-01T12:00:02Z'), ...state.ends]
    await pass(3)
    expect(of('end')).toMatchObject([
      { object: 'bronze/p/b.csv', stage: 'raw-ingestion', at: '2026-03-01T12:00:02.000Z' },
    ])
    expect(of('end')[0]!.reason).toBe(undefined)
    // The same object again, in a transaction that began before the other's.
    state.totals = [{ ...loaded, ...counts, objects: 2, accepted: 9 }]
    state.ends = [state.ends[0]!, end('bronze/p/a.csv', '2026-03-01T12:00:01Z')]
    await pass(3)
    expect(of('end').map(({ object }) => object)).toEqual(['bronze/p/b.csv', 'bronze/p/a.csv'])
    expect(looks.ends).toBe(3)
  })

  it('the first page is told, and one that comes again', async () => {
    const { place: all, state, of } = watched()
    const watch = new Watch(all)
    for (const [n, key] of ['bronze/p/a.csv', 'bronze/p/b.csv'].entries()) {
      const close = watch.open(() => {})
      await pass(3)
      state.totals = [{ ...loaded, ...counts, objects: n + 2 }]
      state.ends = [end(key, `2026-03-01T12:00:0${n}Z`), ...state.ends]
      await pass(3)
      expect(of('end').at(-1)?.object).toBe(key)
      close()
    }
    expect(of('end')).toHaveLength(2)
  })

  it('what ended while no page was open is no news', async () => {
    const { place: all, state, of } = watched()
    const watch = new Watch(all)
    const close = watch.open(() => {})
    await pass(3)
    close()
    state.totals = [{ ...loaded, ...counts, objects: 2 }]
    state.ends = [end('bronze/p/b.csv', '2026-03-01T12:00:02Z')]
    watch.open(() => {})
    await pass(3)
    expect(of('end')).toEqual([])
    state.totals = [{ ...loaded, ...counts, objects: 3 }]
    state.ends = [end('bronze/p/c.csv', '2026-03-01T12:00:05Z'), ...state.ends]
    await pass(3)
    expect(of('end').map(({ object }) => object)).toEqual(['bronze/p/c.csv'])
    await pass(3)
    expect(of('end')).toHaveLength(1)
  })
})
