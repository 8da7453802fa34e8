import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { logOutcome } from '../core/log.ts'
import { none, type Outcome } from '../core/outcome.ts'
import { openStore } from '../core/store/object-store.ts'
import { FolderWorker } from './worker-folder.ts'

vi.mock('../core/log.ts')

let lake: string
let worker: FolderWorker | undefined
/** Keys in the order in which the handler got them. */
let handled: string[]
/** What is logged. */
let told: string[]
let fails: (key: string) => boolean

beforeEach(() => {
  lake = mkdtempSync(join(tmpdir(), 'sluice-worker-'))
  mkdirSync(join(lake, 'bronze/shop'), { recursive: true })
  handled = []
  told = []
  fails = () => false
  vi.mocked(logOutcome).mockImplementation(({ object, status, reason }) => {
    told.push(`${object}: ${status}${reason ? `: ${reason}` : ''}`)
  })
})
afterEach(async () => {
  await worker?.stop()
  rmSync(lake, { recursive: true, force: true })
})

test('what stands there is handled, then what comes, and nothing twice', async () => {
  drop('a.csv')
  const { start } = over(lake, 300)
  await start()
  await vi.waitFor(() => expect(handled).toEqual(['bronze/shop/a.csv']))
  drop('b.csv')
  await vi.waitFor(() => expect(handled).toEqual(['bronze/shop/a.csv', 'bronze/shop/b.csv']))
  await aWhile()
  expect(handled).toHaveLength(2)
})

test('what the kernel does not tell of is found by a look, as often as it changes', async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'sluice-unwatched-'))
  const { start } = over(elsewhere, 50)
  await start()
  drop('a.csv')
  await vi.waitFor(() => expect(handled).toEqual(['bronze/shop/a.csv']))
  drop('a.csv', 'another text')
  drop('datapackage.yaml', 'name: shop')
  await vi.waitFor(() =>
    expect(handled.slice(1).toSorted()).toEqual([
      'bronze/shop/a.csv',
      'bronze/shop/datapackage.yaml',
    ]),
  )
  await aWhile()
  expect(handled).toHaveLength(3)
  rmSync(elsewhere, { recursive: true })
})

test('a failure that passes is no news; one that stays is told once, and tried on', async () => {
  drop('a.csv')
  let tries = 0
  fails = () => ++tries < 3
  const { start } = over(lake, 60_000)
  await start()
  await vi.waitFor(() => expect(told).toEqual(['bronze/shop/a.csv: loaded']), 5_000)
  fails = (key) => key.endsWith('b.csv')
  drop('b.csv')
  await vi.waitFor(() => expect(told[1]).toBe('bronze/shop/b.csv: failed: away'), 20_000)
  fails = () => false
  await vi.waitFor(() => expect(told[2]).toBe('bronze/shop/b.csv: loaded'), 20_000)
  expect(told).toHaveLength(3)
}, 60_000)

test('a descriptor that fails is told by the objects that it lets through', async () => {
  const key = 'bronze/shop/a.csv'
  const { start } = over(lake, 60_000, { object: key })
  await start()
  fails = () => true
  drop('datapackage.yaml', 'name: shop')
  await vi.waitFor(() => expect(told).toEqual([`${key}: failed: away`]), 20_000)
}, 30_000)

test('a file that grows keeps nobody waiting, at the start and at the end', async () => {
  drop('a.csv')
  const path = join(lake, 'bronze/shop/0.csv')
  writeFileSync(path, 'id\n')
  const writer = setInterval(() => appendFileSync(path, '1\n'), 20)
  const { start } = over(lake, 100)
  await start()
  await vi.waitFor(() => expect(handled).toEqual(['bronze/shop/a.csv']))
  await worker?.stop()
  clearInterval(writer)
  expect(handled).toEqual(['bronze/shop/a.csv'])
}, 10_000)

test('all is handed on again when that is asked for, but descriptors', async () => {
  drop('datapackage.yaml', 'name: shop')
  drop('a.csv')
  const { start } = over(lake, 60_000)
  await start()
  await vi.waitFor(() => expect(handled).toEqual(['bronze/shop/a.csv']))
  worker?.again()
  await vi.waitFor(() => expect(handled).toEqual(['bronze/shop/a.csv', 'bronze/shop/a.csv']))
})

test('it stops when what is in hand has ended, and takes nothing more', async () => {
  const { start, release } = over(lake, 60_000, { waits: true })
  drop('a.csv')
  drop('b.csv')
  drop('c.csv')
  await start()
  await vi.waitFor(() => expect(handled).toHaveLength(2))
  const stopped = worker?.stop()
  await aWhile()
  expect(told).toEqual([])
  release()
  await stopped
  expect(told).toHaveLength(2)
  expect(handled).toHaveLength(2)
})

/** @param watched the folder that the kernel is asked about */
function over(watched: string, rescan: number, { waits = false, object = '' } = {}) {
  const gate = Promise.withResolvers<void>()
  if (!waits) gate.resolve()
  worker = new FolderWorker({
    ...{ stage: 'silver', store: openStore(lake), folder: watched, prefixes: ['bronze/'] },
    handler: (report) => async (event) => {
      const key = keyOf(event)
      handled.push(key)
      await gate.promise
      const isFailed = fails(key)
      report(endOf(object || key, isFailed))
      return { batchItemFailures: isFailed ? [{ itemIdentifier: key }] : [] }
    },
    ...{ width: 2, shared: false, rescan },
  })
  return { start: () => worker!.start(), release: gate.resolve }
}

function drop(name: string, text = 'id\n1\n'): void {
  writeFileSync(join(lake, 'draft'), text)
  renameSync(join(lake, 'draft'), join(lake, 'bronze/shop', name))
}

function keyOf(event: unknown): string {
  const { Records } = event as { Records: { messageId: string }[] }
  return Records[0]!.messageId
}

function endOf(object: string, isFailed: boolean): Outcome {
  const end = { stage: 'silver' as const, object, dataset: undefined, seconds: 0, ...none }
  const [status, reason] = isFailed ? (['failed', 'away'] as const) : (['loaded'] as const)
  return { ...end, status, reason }
}

/** Longer than a look takes to come. */
function aWhile(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 700))
}
