import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Refused } from '../core/errors.ts'
import { TestLake } from '../functions/stages.fixture.ts'
import { doctorCommand } from './doctor.ts'
import { judgeStack } from './doctor-stack.ts'

let files: TestLake
beforeEach(() => {
  vi.stubEnv('DATABASE_URL', '')
  files = new TestLake()
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  files.close()
  process.exitCode = undefined
})

async function doctor(lake = files.folder): Promise<string[]> {
  let out = ''
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += chunk
    return true
  })
  await doctorCommand().parseAsync(['--lake', lake], { from: 'user' })
  spy.mockRestore()
  return out.trimEnd().split('\n')
}

test("the lake's own Postgres is not started, and that it does not run is said", async () => {
  const lines = await doctor()
  expect(lines[0]).toMatch(/^unknown +lake: database .* is not running/)
  expect(lines[1]).toContain(`cure: run \`sluice start --lake ${files.folder}\` in another`)
  expect(process.exitCode).toBe(1)
  expect(existsSync(join(files.folder, '.sluice', 'clients'))).toBe(false)
})

test('a url that was left by a Postgres that ended is no running one', async () => {
  mkdirSync(join(files.folder, '.sluice'), { recursive: true })
  writeFileSync(join(files.folder, '.sluice', 'url'), 'postgresql://sluice:x@127.0.0.1:1/sluice')
  expect((await doctor())[0]).toMatch(/is not running/)
})

test('the bad ones come first, and a summary last', async () => {
  files.put('bronze/broken/datapackage.yaml', 'resources: [\u001b[31m')
  const lines = await doctor()
  const levels = lines.map((line) => /^\w+/.exec(line)?.[0]).filter((level) => level !== undefined)
  expect(levels.slice(0, 3)).toEqual(['wrong', 'unknown', 'ok'])
  expect(lines.at(-1)).toMatch(/^\d+ findings: 1 wrong, 1 unknown, \d+ ok\.$/)
  expect(lines.join('')).not.toContain('\u001b')
})

test('a lake that is missing is told, and not made', async () => {
  const none = join(files.folder, 'none')
  expect((await doctor(none))[0]).toMatch(/^wrong +lake: folder +there is no folder/)
  expect(process.exitCode).toBe(3)
  expect(existsSync(none)).toBe(false)
})

test.each(['s3://', 'http://x/y', 'file://%zz', 'file://host/data'])(
  '%s is no lake, and nothing is made of it',
  async (lake) => {
    const args = doctorCommand().parseAsync(['--lake', lake], { from: 'user' })
    await expect(args).rejects.toThrow(Refused)
    expect(existsSync(lake)).toBe(false)
  },
)

test.each([
  ['CREATE_COMPLETE', 'ok'],
  ['UPDATE_COMPLETE', 'ok'],
  ['UPDATE_ROLLBACK_COMPLETE', 'warning'],
  ['UPDATE_IN_PROGRESS', 'warning'],
  ['ROLLBACK_COMPLETE', 'wrong'],
  ['ROLLBACK_FAILED', 'wrong'],
  ['UPDATE_ROLLBACK_FAILED', 'wrong'],
  ['DELETE_COMPLETE', 'wrong'],
])('a stack that is %s is %s', (status, level) => {
  expect(judgeStack({ name: 'sluice-dev', status }).level).toBe(level)
})

/** Of each command of the SDK: the action that the policy must allow. */
const actions: Record<string, string> = {
  DescribeStacks: 'cloudformation:DescribeStacks',
  DescribeRule: 'events:DescribeRule',
  ListRuleNamesByTarget: 'events:ListRuleNamesByTarget',
  ListTargetsByRule: 'events:ListTargetsByRule',
  TestEventPattern: 'events:TestEventPattern',
  GetFunction: 'lambda:GetFunction',
  Invoke: 'lambda:InvokeFunction',
  ListEventSourceMappings: 'lambda:ListEventSourceMappings',
  GetBucketNotificationConfiguration: 's3:GetBucketNotification',
  GetPublicAccessBlock: 's3:GetBucketPublicAccessBlock',
  GetBucketVersioning: 's3:GetBucketVersioning',
  GetQueueAttributes: 'sqs:GetQueueAttributes',
}
/** The stream and the failed batches: by core/stream/kinesis and core/store/s3-store. */
const others = ['kinesis:DescribeStreamSummary', 's3:ListBucket']

test('the policy in the documentation allows what is asked, and nothing else', () => {
  const root = join(import.meta.dirname, '..')
  const sources = ['', '-bucket', '-events', '-function', '-queue'].map((part) =>
    readFileSync(join(root, `core/doctor/deployed${part}.ts`), 'utf8'),
  )
  const sent = sources.flatMap((text) => [...text.matchAll(/new (?:\w+\.)?(\w+)Command\(/g)])
  const wanted = sent.map(([, command]) => actions[command!] ?? command)
  const docs = readFileSync(join(root, 'docs/cli.md'), 'utf8')
  const policy = JSON.parse(/```json\n(\{\n {2}"Version"[^`]+)```/.exec(docs)?.[1] ?? '')
  expect(policy.Statement[0].Action.toSorted()).toEqual(
    [...new Set([...wanted, ...others])].toSorted(),
  )
})
