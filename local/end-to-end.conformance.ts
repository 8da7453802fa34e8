import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { prepareLedger } from '../core/database/prepare-ledger.ts'
import { resource } from '../functions/stages.fixture.ts'
import { type Place, Run } from './end-to-end.fixture.ts'
import { lookAt, type Seen, sums, unaccounted } from './outside.fixture.ts'

/** Keys that are easily read as another; each has two rows. */
const oddKeys = ['with space', 'a+b', 'é', '100%', 'a%20b'].map(
  (name) => `bronze/odd/rows/${name}.csv`,
)
const refusals = {
  'bronze/odd/rows/empty.csv': '',
  'bronze/odd/rows/other-header.csv': 'id,title\n1,a\n',
  'bronze/odd/strict/many-rejects.csv': 'id,name\n1,a\nx,b\n',
}
const contract = [
  resource('rows', ['id:integer', 'name'], { primaryKey: 'id' }),
  resource('strict', ['id:integer', 'name'], {}, { maxRejectRatio: 0.2 }),
]

/**
 * What a lake goes through, whatever it lies on, handled by the handlers of all stages.
 *
 * @returns what is to be seen of it in the end
 */
export function endToEnd(name: string, make: () => Promise<Place>): () => Seen {
  let place: Place
  let run: Run
  let seen: Seen
  describe(`${name}, end to end`, () => {
    beforeAll(async () => {
      place = await make()
      await prepareLedger(place.database)
      run = new Run(place)
    })
    afterAll(async () => {
      seen = await lookAt(place.lake.store, place.database)
      await place.close()
    })
    samples(() => run)
    oddities(() => run)
    changes(() => run)
    test('every record is accounted for', async () => {
      expect(unaccounted(await lookAt(place.lake.store, place.database))).toEqual([])
    })
  })
  return () => seen
}

function samples(given: () => Run): void {
  test('the sample of the shop is in Postgres and in Silver', async () => {
    const run = given()
    const keys = await run.putAll('bronze/shop')
    expect(await run.batch(keys)).toEqual([
      ...keys.map((key) => `raw-ingestion ${key} loaded`),
      ...keys.map((key) => `silver ${key} loaded`),
    ])
  })

  test('the stream of the tills becomes events and windows', async () => {
    const run = given()
    const keys = await run.putAll('streaming/till')
    const published = keys.map((key) => `streaming ${key} published`)
    expect(await run.publish([...keys, ...keys.slice(0, 2)])).toEqual(
      expect.arrayContaining(published),
    )
    expect(await run.appended()).toEqual(keys.map((key) => `streaming ${key} loaded`))
    expect(await run.publish(keys)).toEqual(keys.map((key) => `streaming ${key} unchanged`))
  })

  test('events that come twice, in a batch and later, change nothing', async () => {
    const run = given()
    const before = await run.look()
    const { said, found } = sums(before)
    expect(found).toEqual(said)
    const { bronze } = run
    const ends = await run.batch([...bronze, ...bronze])
    expect(ends).toHaveLength(4 * bronze.length)
    expect(ends.filter((end) => !end.endsWith(' unchanged'))).toEqual([])
    expect(await run.look()).toEqual(before)
  })
}

function oddities(given: () => Run): void {
  test.for(['plain', 'encoded'])('keys are what they are, in events that are %s', async (form) => {
    const run = given()
    await run.put(
      'bronze/odd/datapackage.json',
      JSON.stringify({ name: 'odd', resources: contract }),
    )
    for (const [i, key] of oddKeys.entries())
      await run.put(key, `id,name\n${i},${form}\n${10 + i},b\n`)
    const told = form === 'plain' ? oddKeys : oddKeys.map(encoded)
    expect(await run.batch(told)).toEqual([
      ...oddKeys.map((key) => `raw-ingestion ${key} loaded`).toSorted(),
      ...oddKeys.map((key) => `silver ${key} loaded`).toSorted(),
    ])
  })

  test('a gzipped file is loaded, and a header alone', async () => {
    const run = given()
    await run.put('bronze/odd/rows/zip.csv.gz', gzipSync('id,name\n20,a\n21,b\nx,c\n'))
    await run.put('bronze/odd/rows/header.csv', 'id,name\n')
    expect(await run.batch(['bronze/odd/rows/zip.csv.gz', 'bronze/odd/rows/header.csv'])).toEqual([
      'raw-ingestion bronze/odd/rows/header.csv loaded',
      'raw-ingestion bronze/odd/rows/zip.csv.gz loaded',
      'silver bronze/odd/rows/header.csv loaded',
      'silver bronze/odd/rows/zip.csv.gz loaded',
    ])
  })

  test('bad files are refused, and none is tried again', async () => {
    const run = given()
    for (const [key, text] of Object.entries(refusals)) await run.put(key, text)
    const ends = await run.batch(Object.keys(refusals))
    expect(ends).toHaveLength(6)
    expect(ends.filter((end) => !end.endsWith(' refused'))).toEqual([])
  })

  test('a contract that is put after its file lets it through', async () => {
    const run = given()
    const key = 'bronze/late/rows/1.csv'
    await run.put(key, 'id,name\n1,a\nx,b\n')
    await run.put('bronze/odd/free.csv', 'id\n1\n')
    expect(await run.batch([key, 'bronze/odd/free.csv'])).toEqual([
      `raw-ingestion ${key} held`,
      'raw-ingestion bronze/odd/free.csv held',
      `silver ${key} held`,
      'silver bronze/odd/free.csv held',
    ])
    const descriptor = 'bronze/late/datapackage.json'
    await run.put(descriptor, JSON.stringify({ name: 'late', resources: contract }))
    expect(await run.batch([descriptor])).toEqual([
      `raw-ingestion ${key} loaded`,
      `silver ${key} loaded`,
    ])
  })
}

function changes(given: () => Run): void {
  test('of a key that is overwritten, the rows of its newest good version stand', async () => {
    const run = given()
    const [over, spoilt] = ['bronze/odd/rows/over.csv', 'bronze/odd/rows/spoilt.csv']
    await run.put(over, 'id,name\n30,a\n31,b\n32,c\n')
    await run.put(spoilt, 'id,name\n40,a\n')
    await run.batch([over, spoilt])
    await run.put(over, 'id,name\n31,new\n33,d\n')
    await run.put(spoilt, 'id,title\n41,b\n')
    expect(await run.batch([spoilt, over])).toEqual([
      `raw-ingestion ${over} loaded`,
      `raw-ingestion ${spoilt} refused`,
      `silver ${over} loaded`,
      `silver ${spoilt} refused`,
    ])
    const names = await run.query(
      'SELECT name FROM odd.rows WHERE id BETWEEN 30 AND 41 ORDER BY id',
    )
    expect(names.map(({ name }) => name)).toEqual(['new', 'd', 'a'])
    // Ten of the odd keys, two that were packed, and these three.
    expect((await run.look()).rows['silver/odd/rows']).toMatch(/^15 /)
  })
}

/** As EventBridge encodes keys on LocalStack. */
function encoded(key: string): string {
  return key.split('/').map(encodeURIComponent).join('/').replaceAll('%20', '+')
}
