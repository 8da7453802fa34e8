import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Experiment } from './experiment.ts'
import { attempt } from './trial.ts'

const wanted = {
  ...{ seed: 7, size: 'short' as const, say: () => {} },
  newDatabase: async () => ({ url: '', drop: async () => {} }),
}

function experiment(run: Experiment['run'], minutes = 1): Experiment {
  const limit = { short: minutes, whole: minutes, long: minutes }
  return { ...{ name: 'some', title: '', promise: '', limit, run }, naive: run }
}

test('it has a folder of its own, which is gone afterwards, and numbers by its seed', async () => {
  const seen: { folder: string; number: number }[] = []
  const one = experiment(async ({ folder, random, note }) => {
    seen.push({ folder, number: random() })
    expect(existsSync(folder)).toBe(true)
    note('kills', 3)
    return ['a row is lost']
  })
  const tried = await attempt(one, 'run', wanted)
  expect(tried).toMatchObject({ findings: ['a row is lost'], notes: { kills: 3 } })
  expect(tried.fault).toBeUndefined()
  await attempt(one, 'naive', wanted)
  expect(seen[0]?.number).toBe(seen[1]?.number)
  expect(seen[0]?.folder).not.toBe(seen[1]?.folder)
  expect(seen.map(({ folder }) => existsSync(folder))).toEqual([false, false])
})

test('that it threw is no finding, and no success', async () => {
  const tried = await attempt(
    experiment(() => Promise.reject(new Error('no disk'))),
    'run',
    wanted,
  )
  expect(tried.findings).toEqual([])
  expect(tried.fault).toMatch(/^it threw: Error: no disk/)
})

test('what does not end is given up, and told so', async () => {
  const ended = Promise.withResolvers<string>()
  const endless = experiment(
    ({ signal }) =>
      new Promise(() => {
        signal.addEventListener('abort', () => ended.resolve(signal.reason.message))
      }),
    1 / 600,
  )
  const { fault } = await attempt(endless, 'run', wanted)
  expect(fault).toMatch(/^not ended within/)
  expect(await ended.promise).toBe(fault)
})
