import { setTimeout as sleep } from 'node:timers/promises'
import type { KinesisStreamEvent } from 'aws-lambda'
import { Poller, type PollerOptions, type StreamHandler } from './poller.ts'
import type { MemoryStream } from './stream.fixture.ts'

const pollers: Poller[] = []

/**
 * A poller that runs, and what its handler was given: a list of texts for each call.
 *
 * @param answer may wait or throw before the handler says that all went well
 */
export function run(
  stream: MemoryStream,
  options: Partial<PollerOptions> = {},
  answer: (texts: string[], event: KinesisStreamEvent) => unknown = () => {},
) {
  const calls: string[][] = []
  const failures: [string, string, number][] = []
  const handler: StreamHandler = async (event) => {
    const texts = event.Records.map((each) => Buffer.from(each.kinesis.data, 'base64').toString())
    calls.push(texts)
    await answer(texts, event)
    return { batchItemFailures: [] }
  }
  const poller = new Poller(stream, handler, {
    batchSize: 4,
    windowMs: 0,
    bisect: false,
    retry: { first: 1, longest: 8 },
    failed: (id, error, tries) => failures.push([id, (error as Error).message, tries]),
    ...options,
  })
  pollers.push(poller)
  poller.start()
  return { poller, calls, failures }
}

export async function put(stream: MemoryStream, texts: string[], key?: string): Promise<void> {
  await stream.put(texts.map((text) => ({ partitionKey: key ?? text, data: Buffer.from(text) })))
}

export function texts(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, n) => String(from + n))
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1)
}

/** After each test: ends those that were run. */
export async function stopAll(): Promise<void> {
  for (const poller of pollers.splice(0)) await poller.stop()
}
