import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { Busy } from '../errors.ts'
import { MemoryStore } from '../store/memory-store.ts'
import { type CommitOptions, commit, type Goal } from './commit.ts'
import { readRecord } from './commit-record.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-commit-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const RECORD = 'silver/shop/orders/_manifests/0.json'
const fence = () => Buffer.from('fence')

/** The state is a version; its file holds just that. */
function toVersion(version: number) {
  return async (state: number | null): Promise<Goal<number> | undefined> => {
    if (state === version) return undefined
    const path = join(folder, `${version}`)
    writeFileSync(path, `v${version}`)
    return {
      state: version,
      replaces: true,
      files: [{ path, key: (epoch) => `silver/${version}-${epoch}` }],
    }
  }
}

const committing = (
  store: MemoryStore,
  version: number,
  more: Partial<CommitOptions<number>> = {},
) => commit({ store, record: RECORD, target: toVersion(version), fence, ...more })

const text = async (store: MemoryStore, key: string) => (await store.get(key))?.body.toString()

/** A store whose PUTs of some keys do something else first. */
class Obstructed extends MemoryStore {
  before: (key: string) => Promise<void> | void = () => {}

  override async put(...[key, body, when]: Parameters<MemoryStore['put']>) {
    await this.before(key)
    return super.put(key, body, when)
  }
}

test('a commit puts the files and names them in the record', async () => {
  const store = new MemoryStore()
  expect(await committing(store, 1)).toEqual({ done: 'committed', state: 1 })
  expect(await text(store, 'silver/1-1')).toBe('v1')
  expect((await readRecord(store, RECORD))?.record).toEqual({
    id: expect.any(String),
    epoch: 1,
    state: 1,
    files: ['silver/1-1'],
    writing: null,
    garbage: [],
  })
})

test('what is known only once the files lie there is in the state', async () => {
  const puts: string[] = []
  const store = new Obstructed()
  store.before = (key) => void puts.push(key)
  const target = async (state: number | null) => {
    const goal = await toVersion(1)(state === 101 ? 1 : state)
    const sealed = (of: number) => {
      puts.push('sealed')
      return of + 100
    }
    return goal && { ...goal, sealed }
  }
  expect(await committing(store, 1, { target })).toEqual({ done: 'committed', state: 101 })
  expect((await readRecord(store, RECORD))?.record.state).toBe(101)
  expect(puts).toEqual([RECORD, 'silver/1-1', 'sealed', RECORD])
})

test('what is committed already changes nothing', async () => {
  const store = new MemoryStore()
  await committing(store, 1)
  const before = await text(store, RECORD)
  expect(await committing(store, 1)).toEqual({ done: 'unchanged', state: 1 })
  expect(await text(store, RECORD)).toBe(before)
})

test('a replaced file becomes a fence', async () => {
  const store = new MemoryStore()
  await committing(store, 1)
  await committing(store, 2)
  expect(await text(store, 'silver/1-1')).toBe('fence')
  expect(await text(store, 'silver/2-2')).toBe('v2')
})

test('what changed back while a writer was at work is committed again', async () => {
  const store = new Obstructed()
  await committing(store, 1)
  let version = 2
  store.before = async () => {
    if (version !== 2) return
    version = 1
    expect(await committing(store, 1)).toEqual({ done: 'unchanged', state: 1 })
  }
  const target = (state: number | null) => toVersion(version)(state)
  expect(await committing(store, 0, { target })).toEqual({ done: 'committed', state: 1 })
  expect(await text(store, 'silver/1-3')).toBe('v1')
})

test('a goal without files is one PUT of the record', async () => {
  const store = new Obstructed()
  const puts: string[] = []
  store.before = (key) => void puts.push(key)
  const target = async (state: number | null) =>
    state === 7 ? undefined : { state: 7, replaces: true, files: [] }
  await commit({ store, record: RECORD, target, fence })
  expect(puts).toEqual([RECORD])
})

test('others wait for the intent of a dead writer, then bury its files', async () => {
  const store = new Obstructed()
  let dead = false
  store.before = (key) => {
    dead ||= key === 'silver/1-1'
    if (dead) throw new Error('kill -9')
  }
  const now = () => 1000
  await expect(committing(store, 1, { now, lease: 500 })).rejects.toThrow('kill -9')
  store.before = () => {}
  const early = committing(store, 2, { now: () => 1499 })
  await expect(early).rejects.toThrow(
    new Busy(`${RECORD}: another writer is at work until \
1970-01-01T00:00:01.500Z; try again then`),
  )
  await committing(store, 2, { now: () => 1500 })
  expect(await text(store, 'silver/1-1')).toBe('fence')
  expect((await readRecord(store, RECORD))?.record).toMatchObject({
    files: ['silver/2-2'],
    epoch: 2,
  })
})

test('an intent is renewed for as long as one PUT takes', async () => {
  const store = new Obstructed()
  store.before = async (key) => {
    if (key === 'silver/1-1') await sleep(400)
  }
  const slow = committing(store, 1, { lease: 120 })
  await sleep(300)
  await expect(committing(store, 2, { lease: 120 })).rejects.toThrow(Busy)
  expect(await slow).toEqual({ done: 'committed', state: 1 })
})

test('a lost answer is settled by looking', async () => {
  const store = new MemoryStore()
  const put = store.put.bind(store)
  const seen = new Set<string>()
  store.put = async (key, body, when) => {
    const answer = await put(key, body, when)
    if (seen.has(key)) return answer
    seen.add(key)
    throw new Error('socket hang up')
  }
  expect(await committing(store, 1)).toEqual({ done: 'committed', state: 1 })
  expect((await readRecord(store, RECORD))?.record.epoch).toBe(1)
})

test('a fault that persists is thrown as it comes', async () => {
  const store = new Obstructed()
  store.before = () => {
    throw new Error('disk full')
  }
  await expect(committing(store, 1)).rejects.toThrow('disk full')
})

test('a fault while burying leaves the commit as it is, and the next one buries', async () => {
  const store = new Obstructed()
  await committing(store, 1)
  const fault = new Error('store away')
  store.before = (key) => {
    if (key === 'silver/1-1') throw fault
  }
  expect(await committing(store, 2)).toEqual({ done: 'committed', state: 2, unburied: fault })
  expect((await readRecord(store, RECORD))?.record.garbage).toEqual(['silver/1-1'])
  store.before = () => {}
  expect(await committing(store, 2)).toEqual({ done: 'unchanged', state: 2 })
  expect(await text(store, 'silver/1-1')).toBe('fence')
  expect((await readRecord(store, RECORD))?.record.garbage).toEqual([])
})

test.each([
  ['no JSON', '{"id":'],
  ['another shape', '{"id":"x","epoch":-1}'],
  ['a state that does not parse', JSON.stringify({ ...blank(), state: 'seven' })],
])('a broken record (%s) is named and not replaced', async (_what, body) => {
  const store = new MemoryStore()
  await store.put(RECORD, Buffer.from(body))
  const parse = (json: unknown) => {
    if (typeof json !== 'number') throw new Error('state: a number is allowed')
    return json
  }
  await expect(committing(store, 1, { parse })).rejects.toThrow(`${RECORD} is broken`)
  expect(await text(store, RECORD)).toBe(body)
})

function blank() {
  return { id: 'x', epoch: 1, state: null, files: [], writing: null, garbage: [] }
}
