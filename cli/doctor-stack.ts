import { judgeBucket, judgeFailedBatches } from '../core/doctor/check-bucket.ts'
import { judgeDeadLetters, judgeQueue, judgeRule } from '../core/doctor/check-events.ts'
import {
  judgeAnswer,
  judgeFunction,
  judgeMapping,
  judgeSchedules,
} from '../core/doctor/check-function.ts'
import {
  cureOfState,
  type DeployedStack,
  type DeployedStage,
  NotDeployed,
  readStack,
} from '../core/doctor/deployed.ts'
import { countFailedBatches, readBucket } from '../core/doctor/deployed-bucket.ts'
import { readRule, readSchedules } from '../core/doctor/deployed-events.ts'
import { askFunction, readFunction, readMapping } from '../core/doctor/deployed-function.ts'
import { readQueue } from '../core/doctor/deployed-queue.ts'
import { attempted, type Finding, findingsOf } from '../core/finding.ts'
import { openStream } from '../core/stream/kinesis.ts'

/** Checks a deployed stack: what AWS says of its parts, and what its functions say themselves. */
export async function checkStack(name: string): Promise<Finding[]> {
  return attempted('stack', 'stack', async () => {
    let stack: DeployedStack
    try {
      stack = await readStack(name)
    } catch (error) {
      if (!(error instanceof NotDeployed)) throw error
      return [findingsOf('stack').wrong('stack', error.found, error.cure)]
    }
    const parts = [
      checkBucket(stack),
      ...stack.stages.map((stage) => checkStage(stack, stage)),
      checkAppend(stack),
      checkMaintenance(stack),
      checkSetup(stack),
    ]
    return [judgeStack(stack), ...(await Promise.all(parts)).flat()]
  })
}

/** After a roll-back what was there before stands, and works; the newest version does not. */
export function judgeStack({ name, status }: Pick<DeployedStack, 'name' | 'status'>): Finding {
  const say = findingsOf('stack')
  if (/^(CREATE|UPDATE|IMPORT)_COMPLETE$/.test(status)) return say.ok('stack', `${name}: ${status}`)
  const cure = cureOfState(name, status)
  if (/^(UPDATE|IMPORT)_ROLLBACK_COMPLETE$/.test(status)) {
    return say.warning('stack', `${name}: ${status}: the version before stands`, cure)
  }
  if (!status.endsWith('_IN_PROGRESS')) return say.wrong('stack', `${name}: ${status}`, cure)
  return say.warning('stack', `${name}: ${status}`, cure)
}

function checkBucket({ lake }: DeployedStack): Promise<Finding[]> {
  return attempted('bucket', 'bucket', async () => {
    return judgeBucket(await readBucket(lake.replace('s3://', '')))
  })
}

/** As infra/shape.ts has them, which nothing here may import: infra/shape.test.ts compares them. */
export const prefixes: Record<DeployedStage['name'], string[]> = {
  'raw-ingestion': ['bronze/'],
  silver: ['bronze/'],
  publish: ['bronze/', 'streaming/'],
}

async function checkStage(stack: DeployedStack, stage: DeployedStage): Promise<Finding[]> {
  const { name } = stage
  const arrives = attempted(name, 'queue', async () => {
    const [queue, dead] = await Promise.all([readQueue(stage.queue), readQueue(stage.deadLetters)])
    const bucket = stack.lake.replace('s3://', '')
    const wanted = { bucket, prefixes: prefixes[name], queueArn: queue.arn }
    const [rule, mapping] = await Promise.all([
      attempted(name, 'rule', async () => {
        return judgeRule(name, await readRule(stage.rule, wanted), wanted)
      }),
      checkMapping(name, stage.function, queue.arn),
    ])
    return [
      ...rule,
      ...judgeQueue(name, queue, dead),
      judgeDeadLetters(name, stack.name, dead),
      ...mapping,
    ]
  })
  return (await Promise.all([arrives, checkFunction(name, stage.function)])).flat()
}

function checkMapping(area: string, name: string, source: string): Promise<Finding[]> {
  return attempted(area, 'mapping', async () => {
    return judgeMapping(area, name, source, await readMapping(name, source))
  })
}

/** What Lambda says of it, and what it says of itself. */
function checkFunction(area: string, name: string, event: object = {}): Promise<Finding[]> {
  return attempted(area, 'function', async () => {
    const facts = await readFunction(name)
    const judged = judgeFunction(area, facts)
    if (judged.level !== 'ok') return [judged]
    const answer = attempted(area, 'call', async () => {
      return judgeAnswer(area, facts, await askFunction(name, { check: true, ...event }))
    })
    return [judged, ...(await answer)]
  })
}

async function checkAppend(stack: DeployedStack): Promise<Finding[]> {
  const { append, stream } = stack
  const parts = [
    checkStream(stream.name),
    checkMapping('append', append.function, stream.arn),
    attempted('append', 'failed batches', async () => {
      const count = await countFailedBatches(stack.failedBatches)
      return [judgeFailedBatches(stack.name, stack.failedBatches, count)]
    }),
    checkFunction('append', append.function, { stream: stream.name }),
  ]
  return (await Promise.all(parts)).flat()
}

function checkStream(name: string): Promise<Finding[]> {
  return attempted('stream', 'stream', async () => {
    const say = findingsOf('stream')
    const { status } = await openStream(name).describe()
    // It takes and gives records while its shards change.
    if (/^(ACTIVE|UPDATING)$/.test(status)) return [say.ok('stream', `${name} is ${status}`)]
    return [say.wrong('stream', `${name} is ${status}`, 'wait until it is ACTIVE; else deploy it')]
  })
}

async function checkMaintenance({ maintenance }: DeployedStack): Promise<Finding[]> {
  const schedules = attempted('maintenance', 'schedule', async () => {
    const { arn } = await readFunction(maintenance.function)
    return judgeSchedules(await readSchedules(arn))
  })
  const parts = [schedules, checkFunction('maintenance', maintenance.function)]
  return (await Promise.all(parts)).flat()
}

/** It runs at a deployment alone, and is asked nothing. */
function checkSetup({ setup }: DeployedStack): Promise<Finding[]> {
  return attempted('setup', 'function', async () => {
    return setup ? [judgeFunction('setup', await readFunction(setup.function))] : []
  })
}
