import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { append, keep, objectStages, retry, type StageShape, setup } from '../infra/shape.ts'

/**
 * The stack's lake, queues, rules and stream as compose has them in LocalStack: what infra/
 * deploys, under names that are known beforehand. `node local/emulated.ts --write` writes it to
 * local/container/lake.json, which container/ready.d/sluice.py makes true at every start.
 */

/** Parameters of requests stand as AWS' APIs name them: the script passes them on. */
interface Emulated {
  region: string
  bucket: string
  stages: EmulatedStage[]
  /** Hours are those for which a record is kept. */
  stream: { name: string; hours: number }
  /** Which files below which folders are put, each under its own path. */
  contracts: { roots: string[]; names: string[] }
}

interface EmulatedStage {
  /** Of the rule, too. */
  queue: string
  deadLetters: string
  /** Receives after which a message is a dead letter. */
  receives: number
  attributes: { VisibilityTimeout: string; MessageRetentionPeriod: string }
  deadLetterAttributes: { MessageRetentionPeriod: string }
  pattern: object
}

/** Every bucket of AWS has a name of its own; this one has LocalStack to itself. */
const bucket = 'lake'

/** Where `node local/emulated.ts --write` writes. */
export const file = join(import.meta.dirname, 'container/lake.json')

/** @returns the text of local/container/lake.json, as infra/shape.ts has it now */
export function emulatedLake(): string {
  const emulated: Emulated = {
    region: 'us-east-1',
    bucket,
    stages: objectStages.map(emulatedStage),
    stream: { name: 'sluice', hours: append.retention },
    contracts: { roots: setup.roots, names: setup.descriptors },
  }
  const text = `${JSON.stringify(emulated, null, 2)}\n`
  // Lists of names on one line, as the formatter has them.
  return text.replace(/\[\s+("[^\]{]*")\s+\]/g, (_, names) => `[${names.replace(/\s+/g, ' ')}]`)
}

function emulatedStage({ service, prefixes, limits }: StageShape): EmulatedStage {
  const kept = { MessageRetentionPeriod: String(keep.deadLetters * 24 * 3600) }
  return {
    queue: `sluice-${service}`,
    deadLetters: `sluice-${service}-dead-letters`,
    receives: retry.receives,
    attributes: { VisibilityTimeout: String(6 * limits.timeout), ...kept },
    deadLetterAttributes: kept,
    pattern: {
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: {
        bucket: { name: [bucket] },
        object: { key: prefixes.map((prefix) => ({ prefix })) },
      },
    },
  }
}

if (import.meta.main) {
  process.stdout.write(emulatedLake())
  if (process.argv.includes('--write')) writeFileSync(file, emulatedLake())
}
