import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { collect } from '../../functions/shop.fixture.ts'
import { inLevels } from '../../local/order.ts'
import { watch } from '../../local/watcher.ts'
import { openStore } from './object-store.ts'

/** Folders and files that this process may not read; root may read all, and steps down. */

const nobody = 65_534
const isRoot = process.getuid?.() === 0
let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-denied-'))
  mkdirSync(join(root, 'bronze/shop'), { recursive: true })
  mkdirSync(join(root, 'bronze/secret'))
  for (const name of ['shop/a.csv', 'secret/b.csv', 'shop/datapackage.yaml']) {
    writeFileSync(join(root, 'bronze', name), 'id\n1\n')
  }
  chmodSync(join(root, 'bronze/shop/datapackage.yaml'), 0)
  if (!isRoot) return
  for (const path of ['.', 'bronze', 'bronze/shop']) chownSync(join(root, path), nobody, nobody)
  process.seteuid?.(nobody)
})
afterEach(() => {
  if (isRoot) process.seteuid?.(0)
  chmodSync(join(root, 'bronze/secret'), 0o755)
  rmSync(root, { recursive: true, force: true })
})

it.each([0o000, 0o444])('a folder of mode %o is a fault, or is told and left out', async (mode) => {
  close(mode)
  const store = openStore(root)
  await expect(collect(store.list('bronze/'))).rejects.toThrow('EACCES')
  const told: string[] = []
  const found = await collect(
    store.list('bronze/', '', ({ message }) => {
      told.push(message)
    }),
  )
  expect(found.map(({ key }) => key)).toEqual(['bronze/shop/a.csv', 'bronze/shop/datapackage.yaml'])
  expect(told).toEqual([expect.stringContaining(join(root, 'bronze/secret'))])
})

it('the watcher goes on beside it, and comes in when it may', async () => {
  close(0)
  const keys: string[] = []
  const watcher = await watch(root, 'bronze/', (key) => keys.push(key))
  writeFileSync(join(root, 'bronze/shop/c.csv'), 'id\n1\n')
  await expect.poll(() => keys).toEqual(['bronze/shop/c.csv'])
  open()
  await expect.poll(() => keys).toEqual(['bronze/shop/c.csv', 'bronze/secret/b.csv'])
  await watcher.close()
})

it('a folder whose names alone may be read ends no watcher', async () => {
  const keys: string[] = []
  const watcher = await watch(root, 'bronze/', (key) => keys.push(key))
  asOwner(() => {
    mkdirSync(join(root, 'aside'))
    writeFileSync(join(root, 'aside/a.csv'), 'id\n1\n')
    chmodSync(join(root, 'aside'), 0o444)
    renameSync(join(root, 'aside'), join(root, 'bronze/listed'))
  })
  writeFileSync(join(root, 'bronze/shop/c.csv'), 'id\n1\n')
  await expect.poll(() => keys).toEqual(['bronze/shop/c.csv'])
  await watcher.close()
  asOwner(() => chmodSync(join(root, 'bronze/listed'), 0o755))
})

it('objects of a descriptor that may not be read have a place, too', async () => {
  expect(await inLevels(openStore(root), ['bronze/shop/a.csv'])).toEqual([['bronze/shop/a.csv']])
})

function close(mode: number): void {
  asOwner(() => chmodSync(join(root, 'bronze/secret'), mode))
}

function open(): void {
  asOwner(() => chmodSync(join(root, 'bronze/secret'), 0o755))
}

function asOwner(work: () => void): void {
  if (isRoot) process.seteuid?.(0)
  work()
  if (isRoot) process.seteuid?.(nobody)
}
