import type { Contract } from '../contract/contract.ts'

/** Why an object of so many rejects is refused whole; undefined where it is not. */
export function ratioRefusal(
  rejected: number,
  records: number,
  { maxRejectRatio }: Contract,
): string | undefined {
  const ratio = rejected / Math.max(1, records)
  if (ratio <= maxRejectRatio) return undefined
  const told = `${rejected} of ${records} records would be rejected`
  return `${told} (${(100 * ratio).toFixed(1)} %); maxRejectRatio is ${maxRejectRatio}`
}
