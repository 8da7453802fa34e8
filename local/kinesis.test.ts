import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { KinesisClient, MergeShardsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, expect, test } from 'vitest'
import { conformance } from '../core/stream/kinesis.conformance.ts'
import { openStream } from '../core/stream/kinesis.ts'
import { type LocalKinesis, startKinesis } from './kinesis.ts'
import { Poller } from './poller.ts'

const started: LocalKinesis[] = []
afterAll(async () => {
  for (const kinesis of started) await kinesis.stop()
})

async function start(name: string) {
  const kinesis = await startKinesis(name)
  started.push(kinesis)
  const { endpoint } = kinesis
  const stream = openStream(name, { endpoint, maxRequestBytes: 1024 * 1024 })
  const client = new KinesisClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'owner', secretAccessKey: 'owner' },
    requestHandler: new NodeHttpHandler(),
  })
  const isActive = async () => {
    while ((await stream.describe()).status !== 'ACTIVE') await sleep(50)
  }
  /** In the middle of the first or second half of all hashes. */
  const split = async (shard: string) => {
    const middle =
      2n ** (shard.endsWith('0') ? 126n : 127n) + (shard.endsWith('0') ? 0n : 2n ** 126n)
    const input = { StreamName: name, ShardToSplit: shard, NewStartingHashKey: String(middle) }
    await client.send(new SplitShardCommand(input))
    await isActive()
  }
  const merge = async (one: string, two: string) => {
    const input = { StreamName: name, ShardToMerge: one, AdjacentShardToMerge: two }
    await client.send(new MergeShardsCommand(input))
    await isActive()
  }
  return { kinesis, stream, split, merge }
}

conformance('kinesis-local', () => start('conformance'))

test('2,000 records over a split and a merge are read once each, by key in order', async () => {
  const { kinesis, stream, split, merge } = await start('orders')
  const seen: string[] = []
  const failures: unknown[] = []
  const handler = async (event: { Records: { kinesis: { data: string } }[] }) => {
    seen.push(...event.Records.map((each) => Buffer.from(each.kinesis.data, 'base64').toString()))
    return { batchItemFailures: [] }
  }
  const poller = new Poller(stream, handler, {
    batchSize: 100,
    windowMs: 0,
    bisect: true,
    retry: { first: 10, longest: 100 },
    failed: (_shard, error) => failures.push(error),
  })
  poller.start()
  const put = (from: number) => {
    const numbers = Array.from({ length: 500 }, (_, n) => from + n)
    return stream.put(
      numbers.map((n) => ({ partitionKey: `key ${n % 20}`, data: Buffer.from(String(n)) })),
    )
  }
  await put(0)
  await split('shardId-000000000000')
  await put(500)
  await poller.drained()
  expect(seen.length).toBe(1_000)
  await put(1_000)
  await merge('shardId-000000000002', 'shardId-000000000003')
  await put(1_500)
  await poller.drained()
  await poller.stop()
  await kinesis.stop()

  expect(failures).toEqual([])
  expect(seen.length).toBe(2_000)
  expect(new Set(seen).size).toBe(2_000)
  for (let key = 0; key < 20; key++) {
    const numbers = seen.map(Number).filter((n) => n % 20 === key)
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
  }
})

test('it listens on loopback only, and is gone when its parent is killed', async () => {
  const module = JSON.stringify(join(import.meta.dirname, 'kinesis.ts'))
  const source = `import { startKinesis } from ${module}
    console.log((await startKinesis('orders')).endpoint)`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [told] = await once(parent.stdout, 'data')
  const endpoint = String(told).trim()
  expect(endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect((await openStream('orders', { endpoint }).describe()).status).toBe('ACTIVE')
  for (const address of addressesOf('IPv4')) {
    expect(await answers(endpoint.replace('127.0.0.1', address))).toBe(false)
  }
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  const deadline = Date.now() + 5_000
  while (await answers(endpoint)) {
    expect(Date.now()).toBeLessThan(deadline)
    await sleep(20)
  }
})

test('a death that nobody asked for is told, one that was asked for is not', async () => {
  const deaths: Error[] = []
  const start = async () => {
    const kinesis = await startKinesis('orders')
    started.push(kinesis)
    void kinesis.died.then((error) => deaths.push(error))
    return kinesis
  }
  const kinesis = await start()
  await kinesis.stop()
  await kinesis.stop()
  expect(deaths).toEqual([])
  await start()
  process.kill(newestChild(), 'SIGKILL')
  while (deaths.length === 0) await sleep(10)
  expect(deaths[0]?.message).toMatch('kinesis-local ended (SIGKILL)')
})

test('what keeps it from starting is told', async () => {
  await expect(startKinesis('no:such:name')).rejects.toThrow(/kinesis-local ended.*It said/s)
})

function newestChild(): number {
  const args = ['-n', '-P', String(process.pid), '-f', 'kinesis-child']
  return Number(execFileSync('pgrep', args, { encoding: 'utf8' }))
}

/** This machine's, without loopback. */
function addressesOf(family: string): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return all.filter((each) => each.family === family && !each.internal).map((each) => each.address)
}

/** What holds on to its port, but does not answer, is there too. */
async function answers(endpoint: string): Promise<boolean> {
  return fetch(endpoint, { signal: AbortSignal.timeout(1_000) }).then(
    () => true,
    (error) => error.name === 'TimeoutError',
  )
}
