import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FolderStore } from './folder-store.ts'

/** Drafts of a folder: files that are written before they are shown. */

let lake: string
let store: FolderStore
beforeEach(() => {
  lake = mkdtempSync(join(tmpdir(), 'sluice-drafts-'))
  store = new FolderStore(lake)
})
afterEach(() => rmSync(lake, { recursive: true }))

test('leaves nothing behind when a write fails', async () => {
  for (const [key, drafts] of Object.entries({ a: '.sluice/tmp', 'top/a': 'top/.sluice' })) {
    await expect(store.put(key, { file: join(lake, 'none') })).rejects.toThrow('ENOENT')
    expect(readdirSync(join(lake, drafts))).toEqual([])
  }
})

test.for(['.sluice/tmp', 'one/.sluice', 'two/.sluice', 'linked'])(
  'removes what dead writers left in %s a day ago, but nothing behind a link',
  async (drafts) => {
    mkdirSync(join(lake, drafts), { recursive: true })
    for (const name of ['old', 'new']) writeFileSync(join(lake, drafts, name), '')
    utimesSync(join(lake, drafts, 'old'), 0, Date.now() / 1000 - 90_000)
    if (drafts === 'linked') {
      mkdirSync(join(lake, '.sluice'))
      symlinkSync(join(lake, 'linked'), join(lake, '.sluice/tmp'))
    }
    for (const key of ['one/a', 'two/a']) await store.put(key, Buffer.from('x'))
    const left = drafts === 'linked' ? ['new', 'old'] : ['new']
    expect(readdirSync(join(lake, drafts)).toSorted()).toEqual(left)
  },
)

test('a clock that is days ahead takes nothing for what dead writers left', async () => {
  mkdirSync(join(lake, 'one/.sluice'), { recursive: true })
  writeFileSync(join(lake, 'one/.sluice/new'), '')
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5 * 86_400_000 })
  try {
    await store.put('one/a', Buffer.from('x'))
  } finally {
    vi.useRealTimers()
  }
  expect(readdirSync(join(lake, 'one/.sluice'))).toEqual(['new'])
})
