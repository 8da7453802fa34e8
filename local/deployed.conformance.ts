import { expect, it } from 'vitest'
import { type Deployed, eventually, sampleOf } from './deployed.fixture.ts'
import { lookAt, type Seen } from './outside.fixture.ts'

/** What objects become in a deployed stack, however its functions reach their database. */
export function objectsLand(given: () => Deployed): void {
  it('lands the sample of the shop: the same rows as on a laptop', async () => {
    const deployed = given()
    const laptop = about('shop', await deployed.onLaptop('bronze/shop'))
    expect(Object.keys(laptop).length).toBeGreaterThan(10)
    for (const key of sampleOf('bronze/shop')) await deployed.put(key)
    await eventually(async () => expect(about('shop', await seen(deployed))).toEqual(laptop), 90)
  }, 180_000)

  it('takes an object twice once, and an overwritten one by its new rows', async () => {
    const deployed = given()
    await deployed.describe('twice')
    const key = 'bronze/twice/rows/1.csv'
    await deployed.put(key, 'id,name\n1,a\n2,b\n')
    await deployed.put(key, 'id,name\n1,a\n2,b\n')
    await landed(deployed, 'twice.rows', key, { status: 'loaded', accepted: 2 })
    await deployed.put(key, 'id,name\n1,c\n')
    await landed(deployed, 'twice.rows', key, { status: 'loaded', accepted: 1 })
    expect(await deployed.rowsOf('twice.rows')).toEqual([[1, 'c']])
    expect(await deployed.ask('SELECT id, name FROM twice.rows')).toEqual([[1, 'c']])
  })

  it('refuses a bad file whole, with the reason, and without a dead letter', async () => {
    const deployed = given()
    const key = 'bronze/twice/rows/bad.csv'
    await deployed.put(key, 'id,title\n1,a\n')
    await landed(deployed, 'twice.rows', key, {
      status: 'refused',
      reason: expect.stringMatching(/label/),
    })
  })

  it('takes keys with a space, +, é and %', async () => {
    const deployed = given()
    const names = ['with space', 'a+b', 'é', '100%', 'a%20b']
    for (const [i, name] of names.entries()) {
      await deployed.put(`bronze/twice/rows/${name}.csv`, `id,name\n${10 + i},${name}\n`)
    }
    for (const name of names) {
      await landed(deployed, 'twice.rows', `bronze/twice/rows/${name}.csv`, {
        status: 'loaded',
        accepted: 1,
      })
    }
    expect(await deployed.rowsOf('twice.rows')).toEqual([
      [1, 'c'],
      ...names.map((name, i) => [10 + i, name]),
    ])
  })

  it('holds a file without a contract, and takes it when the contract comes', async () => {
    const deployed = given()
    const key = 'bronze/late/rows/1.csv'
    await deployed.put(key, 'id,name\n1,a\n')
    await eventually(async () =>
      expect(await deployed.ledger(key)).toMatchObject({ status: 'held' }),
    )
    await deployed.describe('late')
    await landed(deployed, 'late.rows', key, { status: 'loaded', accepted: 1 })
    expect(await deployed.ask('SELECT id, name FROM late.rows')).toEqual([[1, 'a']])
  })
}

export async function seen({ lake, database }: Deployed): Promise<Seen['rows']> {
  return (await lookAt(lake.store, database)).rows
}

/** What is of one package; setup.sql alone brings stores. */
export function about(name: string, rows: Seen['rows']): Seen['rows'] {
  const own = Object.entries(rows).filter(([key]) => key.includes(name) && !/stores/.test(key))
  return Object.fromEntries(own)
}

/** An object has ended in both stages as expected. */
export function landed(
  deployed: Deployed,
  dataset: string,
  key: string,
  expected: object,
): Promise<void> {
  return eventually(async () => {
    expect(await deployed.ledger(key), 'Postgres').toMatchObject(expected)
    expect(await deployed.manifest(dataset, key), 'Silver').toMatchObject(expected)
  })
}
