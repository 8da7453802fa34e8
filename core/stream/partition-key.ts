import { createHash } from 'node:crypto'
import type { Contract } from '../contract/contract.ts'
import { shortHash } from '../names.ts'
import { shown } from '../rejects.ts'
import { cellsOf, marksOf } from '../text/record.ts'
import type { ChunkHead } from './chunker.ts'
import { fieldText, parseRecord } from './json-record.ts'

/** Chunks of one object are gathered for so many keys at a time, whatever values there are. */
const BUCKETS = 64

/**
 * Which records go to the same shard: those of an object; or, with `stream.partitionKey`, those
 * with the same value of that field, in one of 64 buckets that all objects share.
 */
export function partitionKeyOf(
  { object, format, fields, encoding }: ChunkHead,
  contract: Contract,
): (bytes: Buffer, at: number, length: number) => string {
  const name = contract.stream?.partitionKey
  if (name === undefined) {
    const key = shortHash(object)
    return () => key
  }
  if (format === 'ndjson') {
    return (bytes, at, length) =>
      bucketOf(memberOf(shown(bytes.subarray(at, at + length), encoding), name))
  }
  const [index, marks] = [fields.indexOf(name), marksOf(contract.dialect, encoding)]
  return (bytes, at, length) => bucketOf(cellsOf(bytes, at, at + length, marks)[index] ?? '')
}

function bucketOf(value: string): string {
  const first = createHash('sha1').update(value, 'latin1').digest()[0] ?? 0
  return `bucket-${first % BUCKETS}`
}

/** A line that is no JSON goes anywhere: it will be rejected there. */
function memberOf(line: string, name: string): string {
  const record = parseRecord(line)
  return record instanceof Map ? (fieldText(record.get(name)) ?? '') : ''
}
