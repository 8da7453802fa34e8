import { beforeEach, expect, test } from 'vitest'
import { files, raw } from '../../functions/raw.fixture.ts'
import { resource } from '../../functions/stages.fixture.ts'
import { listRejects, type RejectPlace, type RejectsAsked } from './reject-list.ts'

/** A page ends when looking for its rows takes long, and the next one goes on from there. */

const key = 'bronze/p/t/a.csv'
const count = 3_500

beforeEach(async () => {
  files.describe('p', resource('t', ['id:integer', 'name']))
  const lines = Array.from({ length: count }, (_, i) => `x,${i % 1_200 === 1_100 ? 'needle' : i}`)
  files.put(key, `id,name\n${lines.join('\n')}\n`)
  files.put('bronze/p/t/b.csv', 'id,name\ny,needle\n')
  await raw.run(key, 'bronze/p/t/b.csv')
})

/** The rows of each page, where no page has time for a second look. */
async function pages(asked: Partial<RejectsAsked>, limit: number): Promise<number[][]> {
  const all: number[][] = []
  for (let after: RejectPlace | undefined; ; ) {
    const { url } = files.lake.store
    const which: RejectsAsked = { state: 'rejected', ...asked }
    const page = await listRejects(raw.database, url, which, after, limit, 0)
    all.push(page.rows.map(({ record }) => record))
    if (!page.next) return all
    after = page.next
  }
}

test('what is rare is found in the end, by pages of few rows or none', async () => {
  const found = await pages({ search: 'needle' }, 50)
  expect(found.flat()).toEqual([1, 1_101, 2_301, 3_501].filter((record) => record <= count))
  expect(found.some((page) => page.length === 0)).toBe(true)
  expect(await pages({ search: 'nowhere' }, 50)).toEqual(found.map(() => []))
})

test('what is common fills each page', async () => {
  const found = await pages({}, 200)
  expect(found.flat()).toHaveLength(count + 1)
  expect(found.slice(0, -1).every((page) => page.length === 200)).toBe(true)
  expect(await pages({}, 1_000)).toHaveLength(4)
})

test('an object without what is asked for is passed over as a whole', async () => {
  expect(await pages({ rule: 'nosuch' }, 50)).toEqual([[]])
  expect(await pages({ rule: 'type-error', field: 'name' }, 50)).toEqual([[]])
})
