import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { objectStages } from '../infra/shape.ts'
import { TestStack } from '../infra/stack.fixture.ts'
import { emulatedLake, file } from './emulated.ts'

const committed = readFileSync(file, 'utf8')
const lake = JSON.parse(committed)
const stack = new TestStack({ lake: lake.bucket })

it('container/lake.json is what `node local/emulated.ts --write` makes of infra/shape.ts', () => {
  expect(committed).toBe(emulatedLake())
})

it('every stage of objects has its queue', () => {
  const queues = objectStages.map(({ service }) => `sluice-${service}`)
  expect(lake.stages.map((stage: { queue: string }) => stage.queue)).toEqual(queues)
})

describe.each(objectStages)('$service, beside the stack', ({ id, service }) => {
  const stage = lake.stages.find(({ queue }: { queue: string }) => queue === `sluice-${service}`)

  it('has the attributes of its queue, and of its dead letters', () => {
    const { Properties } = stack.one('AWS::SQS::Queue', `${id}Queue`)
    const redrive = Properties.RedrivePolicy as { maxReceiveCount: number }
    expect(stage.receives).toBe(redrive.maxReceiveCount)
    for (const [name, value] of Object.entries(stage.attributes)) {
      expect([name, value]).toEqual([name, String(Properties[name])])
    }
    const dead = stack.one('AWS::SQS::Queue', `${id}DeadLetters`).Properties
    const { MessageRetentionPeriod } = stage.deadLetterAttributes
    expect(MessageRetentionPeriod).toBe(String(dead.MessageRetentionPeriod))
  })

  it('takes the events that its rule takes', () => {
    const { EventPattern } = stack.one('AWS::Events::Rule', `${id}Rule`).Properties
    // The stack names its bucket by reference.
    const { detail, ...rest } = EventPattern as { detail: { bucket: object; object: object } }
    expect({ ...rest, detail: { ...detail, bucket: { name: [lake.bucket] } } }).toEqual(
      stage.pattern,
    )
  })
})

it('the stream keeps a record as long as that of the stack', () => {
  const { Properties } = stack.one('AWS::Kinesis::Stream', 'Stream')
  expect(Properties).toMatchObject({
    RetentionPeriodHours: lake.stream.hours,
    StreamModeDetails: { StreamMode: 'ON_DEMAND' },
  })
})
