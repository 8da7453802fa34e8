import { copyFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { outcomeOf } from '../../core/stream/publication.ts'
import { publicationsIn } from '../../core/stream/stream-status.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { resource } from '../stages.fixture.ts'
import { eventsOf, StreamLake } from './stream.fixture.ts'

/** A newer version of what has flowed, which is refused: that stays known. */

const key = 'streaming/till/receipts/1.csv'
let lake: StreamLake<MemoryStream>

beforeEach(() => {
  lake = new StreamLake(new MemoryStream('till', 1))
  lake.streamed('till', resource('receipts', ['id:integer', 'name']))
})
afterEach(() => lake.close())

/** As `status` and the console tell it. */
async function end() {
  const [state] = await publicationsIn(lake.lake.store)
  return state && outcomeOf(state)
}
const back = /put the first content back, and new rows into an object of another name/
const refused = { status: 'refused', reason: expect.stringMatching(back) }

test.each([
  ['another header', 'id,title\n1,a\n'],
  ['no CSV', '\0\x01PK\x03'],
  ['other rows', 'id,name\n1,b\n2,c\n'],
  ['nothing', ''],
])('%s is refused, and told with the counts of what has flowed', async (_, content) => {
  lake.put(key, 'id,name\n1,a\nx,b\n')
  await lake.publish(key)
  await lake.drain()
  const flowed = await end()
  expect(flowed).toMatchObject({ status: 'loaded', records: 2, accepted: 1, rejected: 1 })
  lake.put(key, content)
  for (const _again of [1, 2]) {
    expect(await lake.publish(key)).toMatchObject(refused)
    expect(await end()).toEqual({ ...flowed, ...refused })
  }
  expect(await eventsOf(lake.folder, 'till.receipts')).toEqual([{ id: '1', name: 'a' }])
  // The same content, as another version.
  lake.put(key, 'id,name\n1,a\nx,b\n')
  expect(await lake.publish(key)).toMatchObject({ status: 'unchanged' })
  expect(await end()).toEqual(flowed)
})

test('the very version that has flowed may come back, too', async () => {
  const path = join(lake.folder, key)
  lake.put(key, 'id,name\n1,a\n')
  await lake.publish(key)
  await lake.drain()
  renameSync(path, `${path}.kept`)
  lake.put(key, 'id\n1\n')
  await lake.publish(key)
  expect(await end()).toMatchObject(refused)
  renameSync(`${path}.kept`, path)
  expect(await lake.publish(key)).toMatchObject({ status: 'unchanged' })
  expect(await end()).toMatchObject({ status: 'loaded', reason: undefined })
})

test('while the first version is on its way, it is committed all the same', async () => {
  lake.put(key, 'id,name\n1,a\n')
  await lake.publish(key)
  copyFileSync(join(lake.folder, key), join(lake.folder, 'first'))
  lake.put(key, 'id,name\n1,b\n')
  expect(await lake.publish(key)).toMatchObject(refused)
  expect(await end()).toMatchObject({ ...refused, records: 1, accepted: 0 })
  const { ends } = await lake.drain()
  expect(ends).toMatchObject([{ object: key, status: 'loaded', records: 1, accepted: 1 }])
  expect(await end()).toMatchObject({ ...refused, records: 1, accepted: 1 })
})

test('one of another stream is told, until its own stream has all of it', async () => {
  lake.put(key, 'id,name\n1,a\n')
  await lake.publish(key)
  const { publish } = await import('./publish.ts')
  const other = await publish(lake.lake, new MemoryStream('other', 1), key)
  expect(other).toMatchObject({ status: 'refused', reason: expect.stringContaining('to that') })
  expect(await end()).toMatchObject({ status: 'refused' })
  await lake.drain()
  expect(await end()).toMatchObject({ status: 'loaded', records: 1, reason: undefined })
})
