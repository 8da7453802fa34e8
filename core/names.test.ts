import { expect, test } from 'vitest'
import { postgresName } from './names.ts'

test.each(['𠀀', 'é', 'a', '日'])('a long name of %s is cut between characters', (letter) => {
  const long = `abc${letter.repeat(63)}`
  const name = postgresName(long)
  expect(name.isWellFormed()).toBe(true)
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63)
  expect(name).toMatch(new RegExp(`^abc${letter}+_[0-9a-f]{8}$`, 'u'))
  expect(postgresName(`${long}x`)).not.toBe(name)
})
