import { setTimeout as sleep } from 'node:timers/promises'
import { Kinesis } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shardStatuses } from '../core/stream/stream-status.ts'
import {
  depth,
  setNotifications,
  setReceives,
  setVariable,
  sluice,
  switchMapping,
  switchRule,
} from './aws.fixture.ts'
import { about, landed, objectsLand, seen } from './deployed.conformance.ts'
import { Deployed, eventually, sampleOf } from './deployed.fixture.ts'
import { lookAt, unaccounted } from './outside.fixture.ts'

/**
 * The stack of infra/ on LocalStack, driven as its users drive it: an object is put, and rows and
 * Parquet are looked for. Nothing here calls a stage.
 */
const endpoint = process.env.AWS_ENDPOINT_URL
if (!endpoint) console.warn('SKIPPED: the deployed stack, as AWS_ENDPOINT_URL is not set')

let deployed: Deployed

describe.skipIf(!endpoint)('the deployed stack', () => {
  beforeAll(async () => {
    deployed = await Deployed.deploy()
    // Its windows close by the schedule alone: they are looked for at the end.
    for (const key of sampleOf('streaming/till')) await deployed.put(key)
  }, 300_000)
  afterAll(() => deployed?.close(), 120_000)

  objectsLand(() => deployed)
  faults()
  records()
  it('leaves no record unaccounted for, and no dead letter', async () => {
    expect(unaccounted(await lookAt(deployed.lake.store, deployed.database))).toEqual([])
    for (const stage of deployed.stack.stages) expect(await depth(stage.deadLetters)).toBe(0)
  })
  doctor()
  it('is deployed again for another database: what comes lands there', async () => {
    const other = await deployed.deployFor('other')
    const key = 'bronze/twice/rows/other.csv'
    await deployed.put(key, 'id,name\n70,other\n')
    await eventually(async () => {
      expect(await other.query('SELECT id::int, name FROM twice.rows')).toEqual([
        { id: 70, name: 'other' },
      ])
    })
    await other.end()
    expect(await deployed.ledger(key)).toBeUndefined()
  }, 240_000)
})

function doctor(): void {
  const examine = () => sluice('doctor', '--stack', deployed.stack.name)

  it('is well, says the doctor', async () => {
    const { code, said } = await examine()
    expect(code, said).toBe(0)
  })

  it('has three parts switched off by hand: the doctor finds each, and their return', async () => {
    const { stack } = deployed
    const stage = deployed.stageOf('silver')
    await setNotifications(stack.lake, false)
    await switchRule(stage.rule, false)
    await switchMapping(stage.function, false)
    const { code, said } = await examine()
    expect(code, said).toBe(3)
    const wrong = said.split('\n').filter((line) => line.startsWith('wrong'))
    expect(wrong, said).toHaveLength(3)
    for (const what of [/notifications/, /rule/, /mapping/]) {
      expect(
        wrong.some((line) => what.test(line)),
        said,
      ).toBe(true)
    }
    await setNotifications(stack.lake, true)
    await switchRule(stage.rule, true)
    await switchMapping(stage.function, true)
    expect((await examine()).code).toBe(0)
  }, 120_000)
}

function faults(): void {
  it('waits for a database that is away for 30 s: it lands, and no message is dead', async () => {
    const key = 'bronze/twice/rows/away.csv'
    await deployed.way.cut()
    await deployed.put(key, 'id,name\n50,away\n')
    await sleep(30_000)
    expect(await deployed.ledger(key)).toBeUndefined()
    await deployed.way.mend()
    await landed(deployed, 'twice.rows', key, { status: 'loaded', accepted: 1 })
    expect(await depth(deployed.stageOf('raw-ingestion').deadLetters)).toBe(0)
  }, 180_000)

  it('gives up a function that throws: dead letters, which redrive brings in', async () => {
    const stage = deployed.stageOf('silver')
    // Twelve receives take half an hour.
    await setReceives(stage, 2)
    await setVariable(stage.function, 'LAKE_URL', 's3://another')
    const key = 'bronze/twice/rows/dead.csv'
    await deployed.put(key, 'id,name\n60,dead\n')
    await eventually(async () => expect(await depth(stage.deadLetters)).toBe(1), 90)
    expect(await deployed.ledger(key)).toMatchObject({ status: 'loaded' })
    expect(await deployed.manifest('twice.rows', key)).toBeUndefined()
    const told = await sluice('doctor', '--stack', deployed.stack.name)
    expect(told.code).toBe(3)
    expect(told.said).toMatch(/sluice redrive/)

    await setVariable(stage.function, 'LAKE_URL', deployed.stack.lake)
    const { code, said } = await sluice('redrive', '--stack', deployed.stack.name)
    expect(code, said).toBe(0)
    await landed(deployed, 'twice.rows', key, { status: 'loaded', accepted: 1 })
    expect(await depth(stage.deadLetters)).toBe(0)
  }, 240_000)
}

function records(): void {
  it('makes of the tills what a laptop does, their windows closed by schedule', async () => {
    const laptop = about('till', await deployed.onLaptop('streaming/till'))
    expect(Object.keys(laptop).length).toBeGreaterThan(3)
    await eventually(async () => expect(about('till', await seen(deployed))).toEqual(laptop), 150)
  }, 200_000)

  it('quarantines a record that cannot be read, and takes those around it', async () => {
    const client = new Kinesis({ requestHandler: new NodeHttpHandler() })
    await client.putRecords({
      StreamName: deployed.stack.stream.name,
      Records: [receipt('R08-3-990001'), poison, receipt('R08-3-990002')],
    })
    await eventually(async () => {
      const found = await deployed.ask(
        "SELECT receipt_id FROM events.till.receipts WHERE receipt_id LIKE 'R08-3-99%' ORDER BY 1",
      )
      expect(found).toEqual([['R08-3-990001'], ['R08-3-990002']])
      const shards = await shardStatuses(deployed.lake.store)
      expect(shards.reduce((sum, { poison }) => sum + poison, 0)).toBe(1)
    })
  })
}

const poison = { Data: Buffer.from([0xff, 0x00]), PartitionKey: 'one' }

/** A record as another producer puts it. */
function receipt(receipt_id: string) {
  const about = { _dataset: 'till.receipts', store_id: 8, sold_at: '2026-03-14T09:31:00' }
  const rest = { product_id: 610, quantity: 1, payment: 'pix', total: 1.5, seller: null }
  const text = JSON.stringify({ ...about, receipt_id, ...rest })
  return { Data: Buffer.from(text), PartitionKey: 'one' }
}
