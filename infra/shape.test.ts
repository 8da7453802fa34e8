import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prefixes } from '../cli/doctor-stack.ts'
import { check } from '../functions/check.ts'
import { TestLake } from '../functions/stages.fixture.ts'
import { append, maintenance, objectStages } from './shape.ts'

/** What cli and functions say once more, as they may not import from here. */

let files: TestLake
beforeAll(() => {
  files = new TestLake()
})
afterAll(() => files.close())

it('the doctor looks for the rules that the stages have', () => {
  const made = objectStages.map(({ service, prefixes }) => [service, prefixes])
  expect(prefixes).toEqual(Object.fromEntries(made))
})

/** Asked for when a checkpoint is lost, and not at a check: below these there may be nothing. */
const mending: Record<string, string[]> = {
  publish: ['streaming_results/', 'quarantine/*/stream/'],
}

const functions = [...objectStages, append, maintenance]
describe.each(functions)('$service, when it is asked', ({ service, access }) => {
  it.each(['reads', 'writes'] as const)('tries what its role lets it do: %s', async (what) => {
    const found = await check(service as Parameters<typeof check>[0], () => files.lake)
    const tried = found.find((one) => one.check === what.slice(0, -1))
    const rare = mending[service] ?? []
    const expected = access[what].filter((prefix) => !rare.includes(prefix))
    expect(tried?.level ?? 'ok').toBe('ok')
    expect(placesOf(tried?.found).filter((prefix) => !rare.includes(prefix))).toEqual(expected)
  })
})

/** @param found as `bronze/, silver/ of s3://lake` */
function placesOf(found = ''): string[] {
  return found.split(' of ', 1).flatMap((places) => places.split(', ').filter(Boolean))
}
