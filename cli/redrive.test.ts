import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { undocumented } from './documented.fixture.ts'
import { linesOf as parsed } from './run.fixture.ts'

/** `sluice redrive` where AWS refuses a part of it: a small AWS that answers as it is told. */

/** What is denied: `SQS.<action> of Silver`, or a bucket. */
let denied: string[]
let aws: Server
let url: string
beforeEach(async () => {
  denied = []
  aws = createServer((request, response) => {
    answer(request, response).catch((error) => response.destroy(error))
  })
  await new Promise<void>((resolve) => aws.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(aws.address() as AddressInfo).port}`
})
afterEach(() => {
  aws.closeAllConnections()
  aws.close()
})

const hostile = '\u001b[2Jcleared\u009b31m'

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request)
  if (body.includes('Action=DescribeStacks')) return xml(response, 200, stack())
  const target = request.headers['x-amz-target'] as string | undefined
  if (target === undefined) return bucket(request.url ?? '', response)
  const [, action = ''] = target.split('.')
  const of = /(Silver|Publish)/.exec(body)?.[1]
  if (denied.includes(`${action} of ${of}`)) {
    const told = { __type: 'com.amazon#AccessDeniedException', message: `${action} ${hostile}` }
    return json(response, 403, told)
  }
  json(response, 200, answers[action]?.(of ?? ''))
}

let tasks = 0
const answers: Record<string, (of: string) => object> = {
  GetQueueAttributes: (of) => ({
    Attributes: { QueueArn: `arn:${of}`, ApproximateNumberOfMessages: '0' },
  }),
  StartMessageMoveTask: () => ({ TaskHandle: String(++tasks) }),
  ListMessageMoveTasks: () => ({
    Results: tasks === 0 ? [] : [{ Status: 'COMPLETED', StartedTimestamp: tasks }],
  }),
  DescribeStreamSummary: () => ({
    StreamDescriptionSummary: {
      ...{ StreamName: 'till', StreamARN: 'arn:stream/till', StreamStatus: 'ACTIVE' },
      ...{ StreamCreationTimestamp: 1.7e9, OpenShardCount: 1 },
    },
  }),
}

function json(response: ServerResponse, status: number, told: object | undefined): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
  response.end(JSON.stringify(told ?? {}))
}

function xml(response: ServerResponse, status: number, told: string): void {
  const about = { etag: '"a"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' }
  response.writeHead(status, { ...about, 'content-length': told.length })
  response.end(told)
}

/** The bucket of failed batches has two, of which neither is one; the lake has nothing. */
function bucket(path: string, response: ServerResponse): void {
  const isList = path.includes('list-type')
  const name = /^\/(\w+)/.exec(path)?.[1] ?? ''
  const last = /(.)\?/.exec(path)?.[1]
  if (denied.includes(isList ? name : `${name}/${last}`)) {
    xml(response, 403, '<Error><Code>AccessDenied</Code><Message>no</Message></Error>')
  } else if (isList) xml(response, 200, listOf(name === 'failed' ? keys : []))
  else xml(response, 200, '{"no": "batch"}')
}

const keys = ['aws/lambda/%1B%5B31m1', 'aws/lambda/2']

function listOf(keys: string[]): string {
  const contents = keys.map((key) => {
    return `<Contents><Key>${key}</Key><Size>15</Size><ETag>"a"</ETag>
      <LastModified>2026-01-01T00:00:00Z</LastModified></Contents>`
  })
  return `<ListBucketResult><EncodingType>url</EncodingType><KeyCount>${keys.length}</KeyCount>
    <IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`
}

function stack(): string {
  const outputs = Object.entries({
    ...{ LakeUrl: 's3://lake', FailedBatches: 's3://failed', StreamName: 'till' },
    ...{ StreamArn: 'arn:stream/till', AppendFunction: 'a', AppendMapping: 'u' },
    ...{ MaintenanceFunction: 'm', ...stage('Silver'), ...stage('Publish') },
  }).map(([name, value]) => {
    return `<member><OutputKey>${name}</OutputKey><OutputValue>${value}</OutputValue></member>`
  })
  return `<DescribeStacksResponse><DescribeStacksResult><Stacks><member>
    <StackName>s</StackName><StackStatus>UPDATE_COMPLETE</StackStatus>
    <CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs>${outputs.join('')}</Outputs>
    </member></Stacks></DescribeStacksResult></DescribeStacksResponse>`
}

function stage(name: string): Record<string, string> {
  const queues = {
    [`${name}Queue`]: `${url}/1/${name}`,
    [`${name}DeadLetters`]: `${url}/1/${name}-d`,
  }
  return { ...queues, [`${name}Function`]: name, [`${name}Rule`]: name }
}

function redrive(...args: string[]): Promise<{ out: string; code: number | undefined }> {
  const env = {
    ...{ ...process.env, AWS_ENDPOINT_URL: url, AWS_ENDPOINT_URL_S3: url, AWS_REGION: 'eu-west-1' },
    ...{ AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x', AWS_S3_FORCE_PATH_STYLE: '1' },
  }
  const command = [join(import.meta.dirname, 'sluice.ts'), 'redrive', '--stack', 's', ...args]
  return new Promise((resolve) => {
    execFile(process.execPath, command, { env }, (error, out) => {
      resolve({ out, code: error ? Number(error.code) : 0 })
    })
  })
}

/** The lines, each of which must be as docs/cli.md has it. */
function linesOf(out: string) {
  const lines = parsed(out)
  for (const line of lines) expect(undocumented('redrive', line)).toEqual([])
  return lines
}

test.each([
  'GetQueueAttributes of Silver',
  'StartMessageMoveTask of Silver',
  'ListMessageMoveTasks of Silver',
])('where %s is denied, the other stages have their turn', async (what) => {
  denied = [what]
  const { out, code } = await redrive('--json')
  const [silver, publish, ...batches] = linesOf(out)
  expect(silver).toMatchObject({ stage: 'silver', status: 'failed' })
  expect(silver.reason).toMatch(/docs\/cli.md, redrive, has the policy$/)
  expect(publish).toMatchObject({ stage: 'publish', status: 'moved' })
  expect(batches).toMatchObject([{ stage: 'append' }, { stage: 'append' }])
  expect(code).toBe(1)
})

test('a batch that may not be read is told, and the next one has its turn', async () => {
  denied = ['failed/1']
  const { out, code } = await redrive('--json', '--stage', 'append')
  expect(linesOf(out)).toMatchObject([
    { stage: 'append', status: 'failed', object: expect.stringMatching(/1$/) },
    { stage: 'append', status: 'refused', object: 'aws/lambda/2' },
  ])
  expect(code).toBe(1)
})

test('batches that cannot be listed end their stage, and what was moved is told', async () => {
  denied = ['failed']
  const { out, code } = await redrive('--json')
  const told = linesOf(out)
  expect(told).toMatchObject([
    { stage: 'silver', status: 'moved' },
    { stage: 'publish', status: 'moved' },
    { stage: 'append', status: 'failed' },
  ])
  expect(told[2]).not.toHaveProperty('object')
  expect(code).toBe(1)
})

test('what others have written says nothing to the terminal', async () => {
  denied = ['GetQueueAttributes of Silver']
  const { out, code } = await redrive()
  expect(out).toMatch(/silver: failed: GetQueueAttributes ·\[2Jcleared·31m/)
  expect(out).toMatch(/aws\/lambda\/·\[31m1: refused: no batch/)
  expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  expect(code).toBe(1)
})

/** What each command, and each use of a store and of the stream, must be allowed to do. */
const actions: Record<string, string> = {
  DescribeStacks: 'cloudformation:DescribeStacks',
  GetQueueAttributes: 'sqs:GetQueueAttributes',
  StartMessageMoveTask: 'sqs:StartMessageMoveTask',
  ListMessageMoveTasks: 'sqs:ListMessageMoveTasks',
  'lake.list': 's3:ListBucket',
  'failed.list': 's3:ListBucket',
  'failed.get': 's3:GetObject',
  'failed.delete': 's3:DeleteObject',
  'stream.describe': 'kinesis:DescribeStreamSummary',
  'stream.put': 'kinesis:PutRecords',
}
/** SQS moves messages in the name of who asks it to. */
const others = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:SendMessage']

test('the policy in the documentation allows what is asked, and nothing else', () => {
  const root = join(import.meta.dirname, '..')
  const read = (file: string) => readFileSync(join(root, file), 'utf8')
  const commands = ['core/doctor/deployed.ts', 'core/doctor/dead-letters.ts'].flatMap((file) => {
    return [...read(file).matchAll(/new (?:\w+\.)*(\w+)Command\(/g)]
  })
  const calls = read('core/stream/failed-batches.ts').matchAll(/\b((?:lake|failed|stream)\.\w+)\(/g)
  const used = [...commands, ...calls].map(([, name]) => actions[name!] ?? name)
  const [, docs = ''] = read('docs/cli.md').split('## What `redrive` gives back')
  const policy = JSON.parse(/```json\n(\{\n {2}"Version"[^`]+)```/.exec(docs)?.[1] ?? '{}')
  const allowed = policy.Statement.flatMap((one: { Action: string[] }) => one.Action)
  expect([...new Set(allowed)].toSorted()).toEqual([...new Set([...used, ...others])].toSorted())
})
