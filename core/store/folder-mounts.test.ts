import { execFileSync, spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { UnsafeKey } from '../errors.ts'
import { FolderStore } from './folder-store.ts'

const home = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-mounts-')))
const lake = join(home, 'lake')
const tops = ['.sluice', 'bronze', 'silver', 'quarantine']
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** A mount namespace of its own, where the rights of a user suffice for it: on most Linuxes. */
const apart = ['--user', '--map-root-user', '--mount', 'sh', '-ec']
const canMount = spawnSync('unshare', [...apart, 'mount --bind "$0" "$0"', home]).status === 0
if (!canMount) console.warn('Mounts are NOT tested: unshare(1) may not make any here')

/** As compose does it: of a lake's folders, a container gets some, each as a mount of its own. */
const mounted = `
  for top in ${tops.join(' ')}; do mount --bind "$0/data/$top" "$0/lake/$top"; done
  mount -o remount,bind,ro "$0/lake/bronze"
  exec "$@"`

/** Fails unless each promise holds; what the parent finds afterwards is its to look at. */
const script = `
  import assert from 'node:assert/strict'
  import { linkSync, renameSync, writeFileSync } from 'node:fs'
  import { join } from 'node:path'
  const [lake, module] = process.argv.slice(1)
  const { FolderStore } = await import(module)
  const store = new FolderStore(lake)
  const draft = join(lake, '.sluice/draft')
  writeFileSync(draft, 'x')
  for (const move of [linkSync, renameSync]) {
    assert.throws(() => move(draft, join(lake, 'silver/a')), { code: 'EXDEV' })
  }
  for (const key of ['silver/shop/a', 'quarantine/shop/a']) {
    const first = await store.put(key, Buffer.from('1'), { ifNoneMatch: true })
    assert.equal(await store.put(key, Buffer.from('2'), { ifNoneMatch: true }), undefined)
    assert.ok(await store.put(key, Buffer.from('3'), { ifMatch: first.etag }))
    assert.equal((await store.get(key)).body.toString(), '3')
    writeFileSync(draft, key)
    assert.ok(await store.put(key + '.file', { file: draft }))
    assert.ok(await store.put(key + '.given', { file: draft, given: true }, { ifNoneMatch: true }))
    assert.equal((await store.get(key + '.given')).body.toString(), key)
    await store.delete(key + '.file')
  }
  await assert.rejects(store.put('bronze/shop/a', Buffer.from('1')), { code: 'EROFS' })
  const keys = []
  for await (const version of store.list('')) keys.push(version.key)
  console.log(keys.join(' '))`

test.skipIf(!canMount)('takes writes to folders that are mounts of their own', () => {
  for (const top of tops) {
    for (const place of ['data', 'lake']) mkdirSync(join(home, place, top), { recursive: true })
  }
  const module = join(import.meta.dirname, 'folder-store.ts')
  const node = [process.execPath, '--input-type=module', '-e', script, lake, module]
  const printed = execFileSync('unshare', [...apart, mounted, home, ...node], { encoding: 'utf8' })
  const keys = ['quarantine', 'silver'].flatMap((top) => [`${top}/shop/a`, `${top}/shop/a.given`])
  expect(printed).toBe(`${keys.join(' ')}\n`)
  for (const key of keys) expect(statSync(join(home, 'data', key)).isFile()).toBe(true)
  for (const top of ['quarantine', 'silver']) {
    expect(readdirSync(join(home, 'data', top, '.sluice'))).toEqual([])
  }
})

test('refuses a folder of drafts that is a link, as it may lead to another mount', async () => {
  const store = new FolderStore(join(home, 'linked'))
  for (const folder of ['elsewhere', 'top']) mkdirSync(join(home, 'linked', folder))
  symlinkSync(join(home, 'linked/elsewhere'), join(home, 'linked/top/.sluice'))
  await expect(store.put('top/a', Buffer.from('x'))).rejects.toThrow(UnsafeKey)
  expect(readdirSync(join(home, 'linked/elsewhere'))).toEqual([])
})
