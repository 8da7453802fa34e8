import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { Busy, UnsafeKey } from '../errors.ts'
import { FolderStore } from './folder-store.ts'
import { conformance, list } from './object-store.conformance.ts'

const top = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-folder-')))
let count = 0
const newFolder = () => join(top, `lake ${++count}%`)
afterAll(() => rmSync(top, { recursive: true, force: true }))

conformance('a folder', async () => new FolderStore(newFolder()))

describe('a folder store', () => {
  let lake: string
  let store: FolderStore
  beforeEach(() => {
    lake = newFolder()
    store = new FolderStore(lake)
  })
  const keysOf = async () => (await list(store, '')).map(({ key }) => key)

  test('has one URL, however the folder is named', () => {
    expect(store.url).toBe(pathToFileURL(lake).href)
    symlinkSync(lake, `${lake} link`)
    for (const name of [store.url, `${store.url}/`, `${lake}/`, `${lake} link`]) {
      expect(new FolderStore(name).url).toBe(store.url)
    }
    expect(store.locate('bronze/a b.csv')).toBe(join(lake, 'bronze/a b.csv'))
  })

  test('refuses links, and lists none', async () => {
    await store.put('real/a', Buffer.from('x'))
    symlinkSync(join(lake, 'real'), join(lake, 'linked'))
    symlinkSync(join(lake, 'real/a'), join(lake, 'real/b'))
    symlinkSync('/nowhere', join(lake, 'real/broken'))
    for (const key of ['linked/a', 'linked/new', 'linked/new/a', 'real/b', 'real/broken']) {
      await expect(store.head(key)).rejects.toThrow(UnsafeKey)
      await expect(store.get(key)).rejects.toThrow(UnsafeKey)
      await expect(store.delete(key)).rejects.toThrow(UnsafeKey)
      await expect(store.put(key, Buffer.from('y'))).rejects.toThrow(UnsafeKey)
    }
    expect(await keysOf()).toEqual(['real/a'])
    expect(await list(store, 'linked/')).toEqual([])
    expect(readFileSync(join(lake, 'real/a'), 'utf8')).toBe('x')
  })

  test('takes only regular files for objects', async () => {
    execFileSync('mkfifo', [join(lake, 'pipe')])
    mkdirSync(join(lake, 'folder'))
    for (const key of ['pipe', 'folder']) {
      expect(await store.get(key)).toBeUndefined()
      expect(await store.head(key)).toBeUndefined()
      await store.delete(key)
      await expect(store.put(key, Buffer.from(''))).rejects.toThrow('is not a file')
    }
    expect(await keysOf()).toEqual([])
  })

  test('says so where a file stands in the way of a folder', async () => {
    await store.put('a', Buffer.from('x'))
    await store.put('top/a', Buffer.from('x'))
    expect(await store.get('a/b')).toBeUndefined()
    for (const key of ['a/b/c', 'top/a/c']) {
      await expect(store.put(key, Buffer.from('y'))).rejects.toThrow('a file is in its way')
    }
    expect(readdirSync(join(lake, 'top/.sluice'))).toEqual([])
  })

  test('keeps its own folders to itself', async () => {
    const keys = ['a', 'top/.sluices/a', 'top/a', 'top/b/.sluice/a'].toSorted()
    for (const key of keys) await store.put(key, Buffer.from('x'))
    for (const own of ['.sluice', 'top/.sluice']) {
      writeFileSync(join(lake, own, 'mine'), '')
      for (const key of [own, `${own}/mine`, `${own.toUpperCase()}/tmp/a`]) {
        await expect(store.get(key)).rejects.toThrow("is the store's own")
        await expect(store.put(key, Buffer.from(''))).rejects.toThrow(UnsafeKey)
        expect(await list(store, `${key}/`)).toEqual([])
      }
    }
    expect(await keysOf()).toEqual(keys)
  })

  test('refuses names too long for a file, and passes over those that are no keys', async () => {
    await expect(store.put('é'.repeat(128), Buffer.from(''))).rejects.toThrow(UnsafeKey)
    await store.put('é'.repeat(127), Buffer.from(''))
    writeFileSync(Buffer.concat([Buffer.from(`${lake}/`), Buffer.from([0xe9])]), '')
    writeFileSync(join(lake, 'back\\slash'), '')
    expect(await keysOf()).toEqual(['é'.repeat(127)])
  })

  test('makes a file that it is given the object, without a copy', async () => {
    mkdirSync(store.scratch, { recursive: true })
    for (const key of ['top/a', 'a']) {
      const file = join(store.scratch, 'rows')
      writeFileSync(file, 'x')
      await store.put(key, { file, given: true }, { ifNoneMatch: true })
      expect(statSync(join(lake, key)).ino).toBe(statSync(file).ino)
      rmSync(file)
    }
  })

  test('never gives two writes one eTag, though inodes come back and sizes are equal', async () => {
    const etags: (string | undefined)[] = []
    for (let round = 0; round < 200; round++) {
      if (round % 3 === 0) await store.delete('a')
      etags.push((await store.put('a', Buffer.from('x')))?.etag)
    }
    expect(new Set(etags).size).toBe(200)
    expect((await store.head('a'))?.etag).toBe(etags.at(-1))
  })

  test('stamps each write later than the one before, even if the clock was set back', async () => {
    await store.put('a', Buffer.from('x'))
    const later = Date.now() / 1000 + 3600
    utimesSync(join(lake, '.sluice/lock'), later, later)
    const times: bigint[] = []
    for (const key of ['a', 'b', 'a']) {
      await store.put(key, Buffer.from('x'))
      times.push(statSync(join(lake, key), { bigint: true }).mtimeNs)
    }
    expect(times[0]).toBeGreaterThan(BigInt(Math.floor(later)) * 10n ** 9n)
    expect(times[1]).toBeGreaterThan(times[0]!)
    expect(times[2]).toBeGreaterThan(times[1]!)
  })

  test('is Busy when a file is written in place while it is read', async () => {
    await store.put('a', Buffer.from('x'))
    const copy = await store.open((await store.head('a'))!)
    await copy.verify()
    writeFileSync(join(lake, 'a'), 'y')
    await expect(copy.verify()).rejects.toThrow(Busy)
  })

  test('works on when its own folder was deleted', async () => {
    const other = new FolderStore(lake)
    await store.put('a', Buffer.from('1'))
    rmSync(join(lake, '.sluice'), { recursive: true })
    const put = await other.put('a', Buffer.from('2'))
    expect(await store.put('a', Buffer.from('3'), { ifMatch: put!.etag })).toBeDefined()
  })
})

describe('a folder store between processes', () => {
  const module = pathToFileURL(join(import.meta.dirname, 'folder-store.ts')).href
  /** Writes a line for every step that was acknowledged. */
  const counter = `
    const { FolderStore } = await import(${JSON.stringify(module)})
    const { writeSync } = await import('node:fs')
    const store = new FolderStore(process.argv[1])
    for (let done = 0; done < Number(process.argv[2]); ) {
      const { version, body } = await store.get('count')
      const next = Buffer.from(String(Number(body) + 1))
      const put = await store.put('count', next, { ifMatch: version.etag })
      if (put) done += writeSync(1, '+\\n') / 2
    }`
  const start = (lake: string, steps: number) => {
    const args = ['--input-type=module', '-e', counter, lake, `${steps}`]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(child, 'close')
    let lines = 0
    createInterface(child.stdout).on('line', () => lines++)
    return { child, ended, acknowledged: () => lines }
  }

  test('loses no acknowledged step, though some writers are killed', async () => {
    const lake = newFolder()
    const store = new FolderStore(lake)
    await store.put('count', Buffer.from('0'))
    const steady = Array.from({ length: 2 }, () => start(lake, 100))
    const killed = []
    for (let round = 0; round < 6; round++) {
      const one = start(lake, 100_000)
      killed.push(one)
      while (one.acknowledged() < 3 && one.child.exitCode === null) await pause(5)
      await pause(Math.random() * 60)
      one.child.kill('SIGKILL')
      await one.ended
    }
    for (const { ended } of steady) expect(await ended).toEqual([0, null])
    const acknowledged = [...steady, ...killed].reduce((sum, one) => sum + one.acknowledged(), 0)
    const counted = Number((await store.get('count'))?.body)
    expect(counted).toBeGreaterThanOrEqual(acknowledged)
    expect(counted).toBeLessThanOrEqual(acknowledged + killed.length)
  })

  test('waits for a lock that a process holds, and has it once the process is killed', async () => {
    const lake = newFolder()
    const store = new FolderStore(lake)
    await store.put('a', Buffer.from('x'))
    const holder = `
      const { DatabaseSync } = require('node:sqlite')
      new DatabaseSync(process.argv[1]).exec('BEGIN IMMEDIATE')
      console.log('held')
      setInterval(() => {}, 1000)`
    const args = ['-e', holder, join(lake, '.sluice/lock')]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    let done = false
    const put = store.put('a', Buffer.from('y')).then(() => (done = true))
    await pause(200)
    expect(done).toBe(false)
    child.kill('SIGKILL')
    await put
    expect((await store.get('a'))?.body.toString()).toBe('y')
  })
})
