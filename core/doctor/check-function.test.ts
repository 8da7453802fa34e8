import { expect, test } from 'vitest'
import {
  type FunctionFacts,
  judgeAnswer,
  judgeFunction,
  judgeMapping,
  judgeSchedules,
  type MappingFacts,
} from './check-function.ts'

const made: FunctionFacts = {
  name: 'silver',
  arn: 'arn:aws:lambda:eu-west-1:1:function:silver',
  state: 'Active',
  stateReason: undefined,
  lastUpdate: 'Successful',
  lastUpdateReason: undefined,
  reserved: undefined,
  logGroup: '/log/silver',
}

test.each<[Partial<FunctionFacts>, string, RegExp]>([
  [{}, 'ok', /Active/],
  [{ state: 'Inactive' }, 'ok', /Inactive/],
  [{ reserved: 5 }, 'ok', /Active/],
  [{ state: 'Failed', stateReason: 'no subnet' }, 'wrong', /Failed: no subnet/],
  [{ state: 'Pending' }, 'wrong', /Pending/],
  [{ state: undefined }, 'wrong', /silver/],
  [{ lastUpdate: 'Failed', lastUpdateReason: 'no image' }, 'wrong', /Failed: no image/],
  [{ lastUpdate: 'InProgress' }, 'wrong', /InProgress/],
  [{ reserved: 0 }, 'wrong', /stopped/],
])('a function: %j', (changed, level, found) => {
  const judged = judgeFunction('silver', { ...made, ...changed })
  expect(judged).toMatchObject({ level, found: expect.stringMatching(found) })
  expect(judged.cure !== undefined).toBe(level === 'wrong')
})

const source = 'arn:aws:sqs:eu-west-1:1:queue'
const mapping: MappingFacts = {
  uuid: 'u',
  state: 'Enabled',
  reason: undefined,
  lastResult: undefined,
  reportsFailures: true,
}

test.each<[Partial<MappingFacts>, RegExp[]]>([
  [{}, []],
  [{ state: 'Updating', lastResult: 'OK' }, []],
  [{ lastResult: 'No records processed' }, []],
  [{ state: 'Disabled', reason: 'User action' }, [/--uuid u --enabled$/]],
  [{ state: 'Disabling' }, [/--enabled$/]],
  [{ reportsFailures: false }, [/--function-response-types ReportBatchItemFailures$/]],
  [{ lastResult: 'PROBLEM: Function call failed' }, [/log/]],
  [{ state: 'Disabled', reportsFailures: false }, [/--enabled$/, /ReportBatchItemFailures$/]],
])('a mapping: %j', (changed, cures) => {
  const judged = judgeMapping('silver', 'silver', source, { ...mapping, ...changed })
  const wrong = judged.filter(({ level }) => level === 'wrong')
  expect(wrong.map(({ cure }) => cure)).toEqual(cures.map((cure) => expect.stringMatching(cure)))
  expect(judged).toHaveLength(Math.max(1, cures.length))
})

test.each([
  [source, false],
  ['arn:aws:kinesis:eu-west-1:1:stream/s', true],
])('a mapping that is gone is made anew: %s', (arn, startsSomewhere) => {
  const [found] = judgeMapping('silver', 'silver', arn, undefined)
  expect(found?.level).toBe('wrong')
  expect(found?.cure).toContain(`--event-source-arn ${arn}`)
  expect(found?.cure?.includes('--starting-position')).toBe(startsSomewhere)
})

test('every job has a schedule that is enabled', () => {
  const rule = (job: string, state = 'ENABLED') => {
    const inputs = ['no JSON', 'null', JSON.stringify({ job })]
    return { rule: `rule-${job}`, state, expression: 'rate(1 minute)', inputs }
  }
  const all = [rule('tick'), rule('compact'), rule('vacuum')]
  const levels = (some: typeof all) => judgeSchedules(some).map(({ level }) => level)
  expect(levels(all)).toEqual(['ok', 'ok', 'ok'])
  expect(levels(all.slice(1))).toEqual(['wrong', 'ok', 'ok'])
  const stopped = judgeSchedules([...all.slice(0, 2), rule('vacuum', 'DISABLED')])
  expect(stopped[2]).toMatchObject({
    level: 'wrong',
    cure: 'aws events enable-rule --name rule-vacuum',
  })
})

test('what a function answers is taken as it is, and anything else is told', () => {
  const answer = [{ area: 'silver', check: 'read', level: 'ok', found: 'bronze/' }]
  const judged = (error: string | undefined, payload: unknown) => {
    return judgeAnswer('silver', made, { error, payload })
  }
  expect(judged(undefined, answer)).toEqual(answer)
  expect(judged('Task timed out', undefined)).toMatchObject(
    [{ level: 'wrong', found: 'silver fails: Task timed out', cure: /\/log\/silver/ }].map(
      (one) => ({ ...one, cure: expect.stringMatching(one.cure) }),
    ),
  )
  for (const other of [undefined, { batchItemFailures: [] }, [{ level: 'bad' }]]) {
    expect(judged(undefined, other)).toMatchObject([{ level: 'unknown' }])
  }
})
