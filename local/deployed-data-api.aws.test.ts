import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { depth, sluice } from './aws.fixture.ts'
import { landed, objectsLand } from './deployed.conformance.ts'
import { Deployed } from './deployed.fixture.ts'
import { lookAt, unaccounted } from './outside.fixture.ts'

/**
 * The stack whose functions reach an Aurora through the Data API: LocalStack's free edition has
 * none, so the tests' own endpoint answers them, and its Postgres fetches from LocalStack's S3.
 */
const endpoint = process.env.AWS_ENDPOINT_URL
if (!endpoint) console.warn('SKIPPED: the stack with the Data API, as AWS_ENDPOINT_URL is not set')

let deployed: Deployed

describe.skipIf(!endpoint)('the deployed stack, through the Data API', () => {
  beforeAll(async () => {
    deployed = await Deployed.deploy('data-api')
  }, 300_000)
  afterAll(() => deployed?.close(), 120_000)

  objectsLand(() => deployed)

  it('waits for a database that is away: it lands, and no message is dead', async () => {
    const key = 'bronze/twice/rows/away.csv'
    await deployed.way.cut()
    await deployed.put(key, 'id,name\n50,away\n')
    await sleep(10_000)
    expect(await deployed.ledger(key)).toBeUndefined()
    await deployed.way.mend()
    await landed(deployed, 'twice.rows', key, { status: 'loaded', accepted: 1 })
  }, 180_000)

  it('leaves no record unaccounted for, no dead letter, and no part', async () => {
    expect(unaccounted(await lookAt(deployed.lake.store, deployed.database))).toEqual([])
    for (const stage of deployed.stack.stages) expect(await depth(stage.deadLetters)).toBe(0)
    const left: string[] = []
    for await (const { key } of deployed.lake.store.list('staging/')) left.push(key)
    expect(left).toEqual([])
  })

  it('is well, says the doctor', async () => {
    const { code, said } = await sluice('doctor', '--stack', deployed.stack.name)
    expect(code, said).toBe(0)
  })
})
