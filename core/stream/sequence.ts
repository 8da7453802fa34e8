/**
 * A sequence number of Kinesis: a decimal integer far beyond 64 bits that grows along a shard.
 * '' stands for the place before the first record.
 *
 *     compareSequences('9', '10') < 0          compareSequences('', '0') < 0
 *     compareSequences('007', '7') === 0       compareSequences('8', '7') > 0
 */
export function compareSequences(a: string, b: string): number {
  const [x, y] = [numberOf(a), numberOf(b)]
  return x < y ? -1 : x > y ? 1 : 0
}

/** @throws Error for what is no decimal integer: it must not be compared as text */
function numberOf(sequence: string): bigint {
  if (sequence === '') return -1n
  if (/^\d{1,128}$/.test(sequence)) return BigInt(sequence)
  throw new Error(`sequence number ${JSON.stringify(sequence)}: decimal digits are expected`)
}
