import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { StageLook } from '../local/pipeline.ts'
import type { Flow } from './shapes.ts'
import { counts, loaded, outcome, pass, watched } from './watch.fixture.ts'
import { Watch } from './watch.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-03-01T12:00:00Z') })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('while no page is open', () => {
  it('nothing is looked at', async () => {
    const { place: all, looks } = watched()
    const watch = new Watch(all)
    await pass(60)
    const close = watch.open(() => {})
    await pass(20)
    close()
    const before = { ...looks }
    await pass(60)
    expect(looks).toEqual(before)
    expect(looks.ledger).toBeGreaterThan(0)
  })

  it('who asks once is answered, from a look of this second', async () => {
    const { place: all, looks } = watched()
    const watch = new Watch(all)
    const flows = await Promise.all([watch.flow(), watch.flow()])
    expect(flows[0]).toEqual(flows[1])
    await watch.flow()
    expect(looks.ledger).toBe(1)
    await pass(1.1)
    await watch.flow()
    expect(looks).toEqual({ ledger: 2, ends: 0, list: 0 })
  })
})

describe('while a page is open', () => {
  it('the ledger is summed once a second, all that lies there listed every five', async () => {
    const { place: all, looks } = watched()
    new Watch(all).open(() => {})
    await pass(60)
    expect(looks.ledger).toBeLessThanOrEqual(61)
    expect(looks.ledger).toBeGreaterThan(40)
    expect(looks.list).toBeLessThanOrEqual(13)
    expect(looks.list).toBeGreaterThan(8)
  })

  it('several pages look no more than one', async () => {
    const { place: all, looks } = watched()
    const watch = new Watch(all)
    const closes = [1, 2, 3].map(() => watch.open(() => {}))
    await pass(10)
    expect(looks.ledger).toBeLessThanOrEqual(11)
    closes[0]!()
    closes[1]!()
    await pass(10)
    expect(looks.ledger).toBeGreaterThan(14)
  })

  it('looking takes a twentieth of the time, however long it takes', async () => {
    const { place: all, looks, state } = watched()
    state.takes = 2_000
    new Watch(all).open(() => {})
    await pass(200)
    expect(looks.ledger).toBeLessThanOrEqual(5)
  })

  it('it is told how all stands, then what has changed, four times a second at most', async () => {
    const { place: all, state, of } = watched()
    const first: Flow[] = []
    new Watch(all).open((_, data) => first.push(data as Flow))
    await pass(5)
    expect(first).toHaveLength(1)
    expect(first[0]).toMatchObject({
      objects: { loaded: 1, refused: 0, held: 0 },
      records: { accepted: 8, rejected: 1, waiting: 0, mended: 0, all: 9 },
      at: '2026-03-01T11:00:00.000Z',
    })
    const quiet = of('flow').length
    await pass(60)
    expect(of('flow')).toHaveLength(quiet)
    state.totals = [
      { ...loaded, ...counts, fresh: 70 },
      { ...loaded, ...counts, status: 'held', objects: 3 },
    ]
    await pass(2)
    expect(of('flow')).toHaveLength(quiet + 1)
    expect(of('flow').at(-1)).toMatchObject({
      ...{ rate: 7, objects: { loaded: 1, held: 3, refused: 0 } },
    })
  })

  it('a fault passes; it is told once', async () => {
    const said: string[] = []
    const { place: all, of } = watched({ say: (text) => said.push(text) })
    const query = all.database.query
    let asked = 0
    all.database.query = () => {
      asked++
      return Promise.reject(new Error('away'))
    }
    const watch = new Watch(all)
    watch.open(() => {})
    await pass(5)
    expect(of('flow')).toEqual([])
    expect(said).toEqual(['console: away'])
    expect(asked).toBeLessThanOrEqual(6)
    await expect(watch.flow()).rejects.toThrow('away')
    all.database.query = query
    await pass(2)
    expect(of('flow')).toHaveLength(1)
  })
})

describe('where this process loads', () => {
  /** Its stages, as a test has them. */
  function worker() {
    const idle = { waiting: 0, running: [], ended: 0, failed: 0 }
    const stages: StageLook[] = [
      { stage: 'raw-ingestion', ...idle },
      { stage: 'silver', ...idle },
    ]
    return { stages, look: () => stages }
  }

  it('what waits, is at work, and failed is told as it is', async () => {
    const work = worker()
    const { place: all, of, live, looks } = watched({ work })
    new Watch(all).open(() => {})
    await pass(1)
    const since = new Date('2026-03-01T12:00:00Z')
    work.stages[0] = {
      ...{ stage: 'raw-ingestion', waiting: 3, ended: 0, failed: 2 },
      running: [{ key: 'bronze/p/a.csv', since }],
    }
    for (const stage of ['silver', 'silver', 'streaming'] as const) live.end({ ...outcome, stage })
    live.end({ ...outcome, status: 'unchanged' })
    live.end({ ...outcome, status: 'published' })
    live.end({ ...outcome, status: 'failed' })
    await pass(0.3)
    const flow = of('flow').at(-1)!
    expect(flow.arriving).toBe(4)
    const running = [{ object: 'bronze/p/a.csv', since: since.toISOString() }]
    expect(flow.stages).toEqual([
      { stage: 'raw-ingestion', waiting: 3, running, done: 0, failed: 2 },
      { stage: 'silver', waiting: 0, running: [], done: 2, failed: 0 },
      { stage: 'streaming', waiting: null, running: null, done: 1, failed: 0 },
    ])
    expect(of('end').map(({ status }) => status)).toEqual(['loaded', 'loaded', 'loaded', 'failed'])
    expect(looks.ends).toBe(0)
  })

  it('progress is of what came since the last rest, seen by a page or not', async () => {
    const work = worker()
    const { place: all } = watched({ work })
    const watch = new Watch(all)
    const [raw, silver] = work.stages as [StageLook, StageLook]
    const progress = async () => (await watch.flow()).progress
    raw.waiting = silver.waiting = 10
    await pass(3)
    raw.ended = 5
    raw.waiting = 5
    expect(await progress()).toBe(0.25)
    Object.assign(raw, { waiting: 0, ended: 10 })
    Object.assign(silver, { waiting: 0, ended: 10 })
    await pass(3)
    expect(await progress()).toBe(null)
    raw.waiting = 4
    await pass(3)
    Object.assign(raw, { waiting: 2, ended: 12 })
    expect(await progress()).toBe(0.5)
  })

  it('work that is over at once shows none', async () => {
    const work = worker()
    const watch = new Watch(watched({ work }).place)
    work.stages[0]!.waiting = 1_000
    expect((await watch.flow()).progress).toBe(null)
  })

  it('records of the stream alone are in the rate for ten seconds', async () => {
    const { place: all, live } = watched({ work: worker() })
    const watch = new Watch(all)
    const ended = { ...outcome, stage: 'streaming' as const, records: 200 }
    live.end({ ...ended, object: 'streaming/till/a.csv' })
    // The ledger has these of Bronze.
    live.end({ ...ended, object: 'bronze/p/a.csv' })
    expect((await watch.flow()).rate).toBe(20)
    await pass(11)
    expect((await watch.flow()).rate).toBe(0)
  })
})
