import { type Finding, findingsOf, parseFindings } from '../finding.ts'
import { shellWord } from '../shell-word.ts'

/** What Lambda says of a function and of what calls it, and what is wrong with it. */

export interface FunctionFacts {
  name: string
  arn: string
  state: string | undefined
  stateReason: string | undefined
  lastUpdate: string | undefined
  lastUpdateReason: string | undefined
  /** Reserved concurrency, where any is. */
  reserved: number | undefined
  logGroup: string
}

export function judgeFunction(area: string, facts: FunctionFacts): Finding {
  const say = findingsOf(area)
  const { name, state, lastUpdate, reserved } = facts
  // One that nobody called for weeks is Inactive; the next call wakes it.
  if (state !== 'Active' && state !== 'Inactive') {
    const why = facts.stateReason ? `: ${facts.stateReason}` : ''
    return say.wrong('function', `${name} is ${state}${why}`, 'npx cdk deploy, once it is cured')
  }
  if (lastUpdate !== 'Successful') {
    const why = facts.lastUpdateReason ? `: ${facts.lastUpdateReason}` : ''
    const found = `the last update of ${name} is ${lastUpdate}${why}`
    return say.wrong('function', found, 'wait where it is InProgress, else npx cdk deploy')
  }
  if (reserved === 0) {
    const cure = `aws lambda delete-function-concurrency --function-name ${shellWord(name)}`
    return say.wrong('function', `${name} is stopped: its reserved concurrency is 0`, cure)
  }
  return say.ok('function', `${name} is ${state}`)
}

export interface MappingFacts {
  uuid: string
  state: string | undefined
  /** Why it is in it. */
  reason: string | undefined
  lastResult: string | undefined
  reportsFailures: boolean
}

/** @param source ARN of the queue or stream */
export function judgeMapping(
  area: string,
  name: string,
  source: string,
  facts: MappingFacts | undefined,
): Finding[] {
  const say = findingsOf(area)
  if (!facts) {
    const cure =
      `aws lambda create-event-source-mapping --function-name ${shellWord(name)} ` +
      `--event-source-arn ${source} --function-response-types ReportBatchItemFailures` +
      (source.includes(':kinesis:') ? ' --starting-position TRIM_HORIZON' : '')
    return [say.wrong('mapping', `nothing brings ${source} to ${name}`, cure)]
  }
  const update = `aws lambda update-event-source-mapping --uuid ${facts.uuid}`
  const wrong: Finding[] = []
  if (!/^(Enabled|Enabling|Updating|Creating)$/.test(facts.state ?? '')) {
    const why = facts.reason ? ` (${facts.reason})` : ''
    const found = `${facts.uuid} is ${facts.state}${why}: nothing is handled`
    wrong.push(say.wrong('mapping', found, `${update} --enabled`))
  }
  if (!facts.reportsFailures) {
    const found = `${facts.uuid} does not report batch item failures: one that fails repeats all`
    const cure = `${update} --function-response-types ReportBatchItemFailures`
    wrong.push(say.wrong('mapping', found, cure))
  }
  if (/^PROBLEM/.test(facts.lastResult ?? '')) {
    const cure = "cure what it names; the function's log says more"
    wrong.push(say.wrong('mapping', `the last call ended with ${facts.lastResult}`, cure))
  }
  if (wrong.length > 0) return wrong
  const told = facts.lastResult ? `, last result: ${facts.lastResult}` : ''
  return [say.ok('mapping', `${facts.uuid} is ${facts.state}${told}`)]
}

export interface ScheduleFacts {
  rule: string
  state: string | undefined
  expression: string | undefined
  /** What its target is called with: `{"job": "tick"}`. */
  inputs: string[]
}

const jobs = ['tick', 'compact', 'vacuum']

export function judgeSchedules(facts: ScheduleFacts[]): Finding[] {
  const say = findingsOf('maintenance')
  return jobs.map((job) => {
    const mine = facts.filter(({ inputs }) => inputs.some((input) => jobOf(input) === job))
    const [one] = mine
    if (!one) {
      const cure = 'npx cdk deploy, after the rule was removed from the template and put back'
      return say.wrong('schedule', `no rule calls it for ${job}`, cure)
    }
    const enabled = mine.find(({ state }) => state === 'ENABLED')
    if (enabled) return say.ok('schedule', `${job}: ${enabled.expression}`)
    const cure = `aws events enable-rule --name ${shellWord(one.rule)}`
    return say.wrong('schedule', `${job}: ${one.rule} is ${one.state}`, cure)
  })
}

function jobOf(input: string): unknown {
  try {
    return (JSON.parse(input) as { job?: unknown } | null)?.job
  } catch {
    return undefined
  }
}

/** What a function answered to `{"check": true}`. */
export interface Answer {
  /** Its error, where it ended with one. */
  error: string | undefined
  /** JSON. */
  payload: unknown
}

export function judgeAnswer(
  area: string,
  { name, logGroup }: Pick<FunctionFacts, 'name' | 'logGroup'>,
  { error, payload }: Answer,
): Finding[] {
  const say = findingsOf(area)
  const log = `aws logs tail ${shellWord(logGroup)} --since 10m`
  if (error !== undefined) return [say.wrong('call', `${name} fails: ${error}`, log)]
  const found = parseFindings(payload)
  if (found) return found
  const cure = `deploy this version, and run it again; else see ${log}`
  return [say.unknown('call', `${name} does not answer a check`, cure)]
}
