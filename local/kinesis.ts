import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStream } from '../core/stream/kinesis.ts'

/** It takes a second; on a machine that is busy with other things, several. */
const startMs = 60_000
/** What is kept of its output, for messages. */
const outputBytes = 2_000

export interface LocalKinesis {
  /** `http://127.0.0.1:<port>`, for `openStream`. */
  endpoint: string
  /** Ends it, and with it all that the stream held. Doing it twice does nothing. */
  stop(): Promise<void>
  /** Resolves if it ends unasked, with the end of its output; never after `stop`. */
  died: Promise<Error>
}

export interface KinesisOptions {
  shards?: number
  /** Where it listens: loopback and any free port, unless it is told otherwise. */
  host?: string
  port?: number
}

/**
 * The Kinesis of npm `kinesis-local` with one stream, in a child process that ends with this one,
 * however this one ends. It keeps all in memory (outside its heap, a byte for each byte, and
 * 400 MB).
 *
 * @throws Error with the end of its output where it does not start
 */
export async function startKinesis(
  stream: string,
  { shards = 2, host = '127.0.0.1', port = 0 }: KinesisOptions = {},
): Promise<LocalKinesis> {
  const child = fork(join(import.meta.dirname, 'kinesis-child.mjs'), {
    // The parent's flags (a debugger's port, vitest's) are not for it.
    execArgv: [],
    // Out of the terminal's reach: Ctrl-C is for the parent, which may still want to read.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      INITIALIZE_STREAMS: `${stream}:${shards}`,
      // It listens when its stream is there, and this takes the wait of half a second out of it.
      CREATE_STREAM_DURATION: '0ms',
      AWS_REGION: 'us-east-1',
      LOG_LEVEL: 'ERROR',
      LISTEN_HOST: host,
      LISTEN_PORT: String(port),
    },
  })
  const died = deathOf(child)
  let stopped = false
  const stop = async () => {
    stopped = true
    child.kill('SIGKILL')
    await died
  }
  try {
    const endpoint = await Promise.race([ready(child, stream), failure(died)])
    const unasked = died.then((error) => (stopped ? new Promise<never>(() => {}) : error))
    return { endpoint, stop, died: unasked }
  } catch (error) {
    await stop()
    if (!(error instanceof Error && error.name === 'AbortError')) throw error
    throw new Error(`kinesis-local was not ready in ${startMs} ms; start again`, { cause: error })
  }
}

/** Resolves when it has ended, or could not be started at all. */
async function deathOf(child: ChildProcess): Promise<Error> {
  let output = ''
  for (const source of [child.stdout, child.stderr]) {
    source?.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-outputBytes)
    })
  }
  try {
    const [code, signal] = await once(child, 'close')
    return new Error(`kinesis-local ended (${signal ?? code}); start again. It said:\n${output}`)
  } catch (cause) {
    return new Error('kinesis-local cannot be started; is it installed (npm ci)?', { cause })
  }
}

async function failure(died: Promise<Error>): Promise<never> {
  throw await died
}

/** Its address, once the stream takes records. */
async function ready(child: ChildProcess, stream: string): Promise<string> {
  const signal = AbortSignal.timeout(startMs)
  const [told] = await once(child, 'message', { signal })
  const endpoint = `http://127.0.0.1:${told.port}`
  const client = openStream(stream, { endpoint })
  while ((await client.describe()).status !== 'ACTIVE') await sleep(20, undefined, { signal })
  return endpoint
}
