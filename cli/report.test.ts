import { expect, test } from 'vitest'
import type { Outcome } from '../core/outcome.ts'
import { tableOf } from './report.ts'

/** An object's key, its dataset and a reason that repeats its text are whatever somebody wrote. */
test('what names of objects and reasons would do to a terminal, they do not', () => {
  const hostile = '\x1b]0;title\x07\x1b[31mred\x9b2J\u202e'
  const counts = { records: 0, accepted: 0, rejected: 0, waiting: 0, seconds: 0 }
  const outcome: Outcome = {
    ...{ stage: 'silver', status: 'refused', ...counts },
    object: `bronze/shop/${hostile}\nbronze/shop/other.csv: loaded.csv`,
    dataset: `shop.${hostile}`,
    reason: `incorrect-label: label 1 is ${hostile}`,
  }
  const told = tableOf([outcome], {})
  expect(told).toMatch(/red.*incorrect-label/s)
  // The table's own borders are no control characters either.
  expect(told.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  expect(told).not.toMatch(/^bronze\/shop\/other/m)
})
