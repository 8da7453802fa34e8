import { once } from 'node:events'
import { type Command, InvalidArgumentError } from 'commander'
import { Live } from '../console/live.ts'
import type { Served } from '../console/server.ts'
import { openContext } from './context.ts'
import { type CommonOptions, commandOf } from './options.ts'

interface ConsoleOptions extends CommonOptions {
  host: string
  port: number
  allowHost?: string[]
  uploadLimit: number
}

const help = `
It listens on 127.0.0.1 alone, where no token is needed. With --host 0.0.0.0, or a name that is
allowed, whoever asks needs the token that is in the address: SLUICE_CONSOLE_TOKEN, or one that is
made when it starts. CONSOLE_URL is the address that is printed, where people ask another one.

It loads nothing itself: \`sluice start\`, the services of compose, or the functions on AWS do.

--json: one line, {"url": "http://127.0.0.1:8080"}.

Examples:
  sluice console
  sluice console --lake s3://my-lake --port 9000
  SLUICE_CONSOLE_TOKEN=$(openssl rand -hex 32) sluice console --host 0.0.0.0 --allow-host lab.lan`

export function consoleCommand(): Command {
  return commandOf(
    'console',
    'Serve a page that shows what is in the lake, and why something is not.',
  )
    .option('--host <address>', 'where it listens', '127.0.0.1')
    .option('--port <number>', 'a port; the next free one where it is taken', portOf, 8080)
    .option('--allow-host <name...>', 'names by which it is asked, beside its addresses')
    .option('--upload-limit <bytes>', 'of a file that is dropped on the page', bytesOf, 2 ** 30)
    .addHelpText('after', help)
    .action(serve)
}

/** @throws InvalidArgumentError for what is no port */
export function portOf(given: string): number {
  if (/^\d{1,5}$/.test(given) && Number(given) <= 65_535) return Number(given)
  throw new InvalidArgumentError('A port is expected: 0 (any that is free) to 65535.')
}

/** That it is served on another port than was asked for. */
export function toldPort(asked: number, { port }: Served): string[] {
  const isOther = asked !== 0 && port !== asked
  return isOther ? [`port ${asked} is taken; the console is on ${port}, the next free one`] : []
}

function bytesOf(given: string): number {
  if (/^[1-9]\d{0,14}$/.test(given)) return Number(given)
  throw new InvalidArgumentError('A whole number of bytes is expected.')
}

async function serve(options: ConsoleOptions): Promise<void> {
  const stop = stopped()
  const context = await openContext({ ...options, loads: false })
  try {
    const { lake, database } = context
    const { serveConsole } = await import('../console/server.ts')
    const { host, port, allowHost, uploadLimit } = options
    const say = (text: string) => process.stderr.write(`sluice: ${text}\n`)
    const served = await serveConsole({
      place: { lake, database, live: new Live(), uploadLimit, say },
      ...{ host, port, allowHosts: allowHost, address: process.env.CONSOLE_URL },
    })
    for (const told of toldPort(port, served)) say(told)
    const told = options.json ? JSON.stringify({ url: served.url }) : `Console: ${served.url}`
    process.stdout.write(`${told}\n`)
    await stop
    await served.close()
  } finally {
    await context.close()
  }
}

/** Resolves when somebody ends the command. */
async function stopped(): Promise<void> {
  await Promise.race(['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)))
}
