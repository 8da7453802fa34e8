import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { watch } from './watcher.ts'

let root: string
let aside: string
let seen: string[]
let watcher: { close(): Promise<void> }

beforeEach(async () => {
  root = fs.mkdtempSync(join(tmpdir(), 'sluice-watch-'))
  aside = fs.mkdtempSync(join(tmpdir(), 'sluice-aside-'))
  fs.mkdirSync(join(root, 'bronze/shop/orders'), { recursive: true })
  fs.writeFileSync(join(root, 'bronze/shop/old.csv'), 'was here before')
  seen = []
  watcher = await watch(root, 'bronze/', (key) => seen.push(key))
})

afterEach(async () => {
  await watcher.close()
  for (const folder of [root, aside]) fs.rmSync(folder, { recursive: true, force: true })
})

it('takes a file that was moved in at once', async () => {
  const waits: number[] = []
  for (let n = 0; n < 15; n++) {
    const start = await moveIn(`bronze/shop/orders/${n}.csv`)
    while (!seen.includes(`bronze/shop/orders/${n}.csv`)) await sleep(1)
    waits.push(performance.now() - start)
  }
  const median = waits.sort((a, b) => a - b)[7] ?? 0
  expect(median).toBeLessThan(20)
  expect(seen).toHaveLength(15)
})

it('takes a copy that keeps its times once, when it is whole', async () => {
  await prepare('copy.csv')
  execFileSync('cp', ['-p', join(aside, 'copy.csv'), join(root, 'bronze/shop/copy.csv')])
  await sleep(400)
  expect(seen).toEqual(['bronze/shop/copy.csv'])
})

it('leaves a file that is still being written until it stands still', async () => {
  const file = fs.openSync(join(root, 'bronze/shop/slow.csv'), 'w')
  for (let n = 0; n < 6; n++) {
    fs.writeSync(file, 'a,b\n')
    await sleep(80)
    expect(seen).toEqual([])
  }
  fs.closeSync(file)
  await vi.waitFor(() => expect(seen).toEqual(['bronze/shop/slow.csv']), 2_000)
})

it('takes an empty file only when it stands still', async () => {
  const file = join(root, 'bronze/shop/empty.csv')
  fs.writeFileSync(file, '')
  await sleep(20)
  fs.chmodSync(file, 0o600)
  await sleep(100)
  expect(seen).toEqual([])
  await vi.waitFor(() => expect(seen).toEqual(['bronze/shop/empty.csv']), 2_000)
})

it('reports an overwritten file again, and a contract like any object', async () => {
  await moveIn('bronze/shop/datapackage.yaml')
  await vi.waitFor(() => expect(seen).toHaveLength(1), 2_000)
  await moveIn('bronze/shop/datapackage.yaml')
  await vi.waitFor(() => expect(seen).toHaveLength(2), 2_000)
  fs.appendFileSync(join(root, 'bronze/shop/datapackage.yaml'), 'more')
  await vi.waitFor(() => expect(seen).toHaveLength(3), 2_000)
  expect(new Set(seen)).toEqual(new Set(['bronze/shop/datapackage.yaml']))
})

it('reports a file again that was taken away and put back', async () => {
  await moveIn('bronze/shop/back.csv')
  await vi.waitFor(() => expect(seen).toHaveLength(1), 2_000)
  fs.renameSync(join(root, 'bronze/shop/back.csv'), join(aside, 'back.csv'))
  await sleep(50)
  fs.renameSync(join(aside, 'back.csv'), join(root, 'bronze/shop/back.csv'))
  await vi.waitFor(() => expect(seen).toHaveLength(2), 2_000)
})

it('passes over half files, links, other prefixes, and what was there before', async () => {
  for (const name of ['.a.csv', 'b.tmp', 'c.csv.part', 'd.crdownload', 'e.csv~', '.git/f.csv']) {
    await moveIn(`bronze/shop/${name}`)
  }
  await moveIn('silver/shop/a.parquet')
  await moveIn('bronzed/a.csv')
  await prepare('target.csv')
  fs.symlinkSync(join(aside, 'target.csv'), join(root, 'bronze/shop/link.csv'))
  fs.symlinkSync(aside, join(root, 'bronze/linked'))
  await prepare('later.csv')
  await sleep(400)
  expect(seen).toEqual([])
})

it('misses nothing in folders that come with their files, whole or piece by piece', async () => {
  const expected: string[] = []
  for (let n = 0; n < 100; n++) {
    const deep = `bronze/p${n}/a/b/${n}.csv`
    await prepare(`${n}.csv`, 0)
    fs.mkdirSync(dirname(join(root, deep)), { recursive: true })
    fs.renameSync(join(aside, `${n}.csv`), join(root, deep))
    fs.mkdirSync(join(aside, `whole${n}/sub`), { recursive: true })
    fs.writeFileSync(join(aside, `whole${n}/sub/x.csv`), 'x')
    fs.renameSync(join(aside, `whole${n}`), join(root, `bronze/whole${n}`))
    expected.push(deep, `bronze/whole${n}/sub/x.csv`)
    if (n % 10 === 0) await sleep(5)
  }
  await vi.waitFor(() => expect(new Set(seen)).toEqual(new Set(expected)), 3_000)
})

it('follows folders that are renamed, removed and made again, the prefix itself too', async () => {
  fs.renameSync(join(root, 'bronze/shop'), join(root, 'bronze/store'))
  await vi.waitFor(() => expect(seen).toEqual(['bronze/store/old.csv']), 2_000)
  await moveIn('bronze/store/orders/a.csv')
  await vi.waitFor(() => expect(seen).toContain('bronze/store/orders/a.csv'), 2_000)
  fs.rmSync(join(root, 'bronze'), { recursive: true })
  await moveIn('bronze/store/orders/b.csv')
  await vi.waitFor(() => expect(seen).toContain('bronze/store/orders/b.csv'), 2_000)
})

it('reports each of 2,000 files that are moved in within a second', async () => {
  const names = Array.from({ length: 2_000 }, (_, n) => `${n}.csv`)
  for (const name of names) fs.writeFileSync(join(aside, name), name)
  for (const name of names) {
    fs.renameSync(join(aside, name), join(root, 'bronze/shop/orders', name))
  }
  await vi.waitFor(() => expect(seen).toHaveLength(2_000), 5_000)
  expect(new Set(seen).size).toBe(2_000)
})

/** Writes a file aside, so long ago that the kernel's clock tells its move from its writing. */
async function prepare(name: string, age = 20): Promise<void> {
  fs.writeFileSync(join(aside, name), `${name}\n${Math.random()}\n`)
  await sleep(age)
}

/** @returns when the move was done, by `performance.now()` */
async function moveIn(key: string): Promise<number> {
  await prepare('moving')
  fs.mkdirSync(dirname(join(root, key)), { recursive: true })
  const start = performance.now()
  fs.renameSync(join(aside, 'moving'), join(root, key))
  return start
}
