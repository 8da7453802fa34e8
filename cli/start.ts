import { once as oneOf } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { SingleBar } from 'cli-progress'
import type { Command } from 'commander'
import { Live } from '../console/live.ts'
import type { Served } from '../console/server.ts'
import { messageOf } from '../core/finding.ts'
import type { Outcome } from '../core/outcome.ts'
import { hasStreams } from '../core/stream/stream-catalog.ts'
import { Pipeline } from '../local/pipeline.ts'
import { checkUnserved, type ServedLake, serveLake } from '../local/served-lake.ts'
import { StreamStage } from '../local/stream-stage.ts'
import { asCalled } from './called.ts'
import { portOf, toldPort } from './console.ts'
import { type Context, openContext } from './context.ts'
import { homeOf } from './database.ts'
import { type CommonOptions, commandOf, folderOf } from './options.ts'
import { exitCodeOf, jsonLine, tableOf } from './report.ts'
import { plain } from './shown.ts'

interface StartOptions extends CommonOptions {
  once?: boolean
  stream?: string
  console: boolean
  port: number
}

/** A bucket tells a laptop of no change, and a folder of most: each is listed again so often. */
const AGAIN_MS = { bucket: 5_000, folder: 30_000 }

export function startCommand(): Command {
  return commandOf('start', 'Load what is in Bronze, then whatever comes; a page shows it.')
    .option('--once', 'end when all is done; windows of streams are closed then')
    .option('--stream <name>', 'a stream of Kinesis; else one of this process, on this machine')
    .option('--no-console', 'without the page that shows all of it')
    .option('--port <number>', 'of that page; the next free one where it is taken', portOf, 8080)
    .addHelpText(
      'after',
      '\nExamples:\n  sluice start\n  sluice start --lake /srv/lake --once --json',
    )
    .action(start)
}

async function start(options: StartOptions): Promise<void> {
  const stop = stopSignal()
  // A bucket may be served by several machines.
  const own = folderOf(options.lake)
  if (own !== undefined) await checkUnserved(homeOf(own))
  const context = await openContext(options, options.once ? undefined : stop)
  const served = options.once ? undefined : await servedBy(context)
  const teller = new Teller(options)
  // Once, what fails is given up after some 25 s, which is longer than a crashed writer's intent
  // lives; else it is told after some 4 s, and tried until it goes through.
  const patience = options.once
    ? { tries: 8, first: 250, longest: 8_000, forever: false }
    : { tries: 5, first: 250, longest: 5_000, forever: true }
  const { lake, database, folder } = context
  const live = new Live()
  const report = (outcome: Outcome) => {
    teller.report(outcome)
    live.end(outcome)
  }
  const stream = new StreamStage({
    ...{ lake, patience, stop, report, stream: options.stream },
    home: homeOf(folder),
    progress: teller.progress,
    say: (text) => process.stderr.write(`sluice: ${asCalled(text, options)}\n`),
  })
  const pipeline = new Pipeline(lake, database, report, patience, stream)
  const page = options.once ? undefined : await pageOf({ context, pipeline, stream, live, options })
  if (page) await served?.tell(page.url)
  try {
    const work = options.once
      ? once(pipeline, stream, teller)
      : serve({ pipeline, stream, context, teller, stop, page })
    await Promise.race([work, aborted(stop)])
  } finally {
    teller.end()
    await page?.close()
    await pipeline.close()
    await context.close()
    served?.release()
  }
  if (!options.once) return
  const code = exitCodeOf(teller.outcomes())
  process.exitCode = stop.aborted ? 1 : code === 0 && stream.poison > 0 ? 3 : code
}

async function servedBy({ folder, close }: Context): Promise<ServedLake | undefined> {
  try {
    return folder ? await serveLake(homeOf(folder)) : undefined
  } catch (error) {
    // Two were started at once, and the other one was first.
    await close()
    throw error
  }
}

async function once(pipeline: Pipeline, stream: StreamStage, teller: Teller): Promise<void> {
  await pipeline.scan(teller.begin)
  await stream.closeWindows()
  teller.table()
}

interface Shown {
  context: Context
  pipeline: Pipeline
  stream: StreamStage
  live: Live
  options: StartOptions
}

/** Whatever keeps the page from being served, objects are loaded. */
async function pageOf({
  context: { lake, database },
  options: { console: isWanted, port },
  ...of
}: Shown): Promise<Served | undefined> {
  if (!isWanted) return undefined
  const say = (text: string) => process.stderr.write(`sluice: ${text}\n`)
  try {
    const { serveConsole } = await import('../console/server.ts')
    const stream = (name: string) => of.stream.streamOf(name)
    const place = { lake, database, live: of.live, work: of.pipeline, stream, say }
    const served = await serveConsole({ place, port })
    for (const told of toldPort(port, served)) say(told)
    say(`console: ${served.url}`)
    return served
  } catch (error) {
    say(`no console: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}

interface Service {
  pipeline: Pipeline
  stream: StreamStage
  context: Context
  teller: Teller
  stop: AbortSignal
  page: Served | undefined
}

async function serve({ pipeline, stream, context, teller, stop, page }: Service): Promise<void> {
  const { folder, lake } = context
  if (folder) await pipeline.watch(folder)
  await pipeline.scan(teller.begin)
  teller.table()
  const where = folder ? `${folder}/{bronze,streaming}/<package>/` : lake.store.url
  if (await hasStreams(lake.store)) await stream.start()
  const shown = page ? `\nConsole:  ${page.url}` : ''
  teller.say(`Postgres: ${context.url}${shown}\nWatching ${where} (Ctrl-C ends)`)
  while (!stop.aborted) {
    const wait = folder ? AGAIN_MS.folder : AGAIN_MS.bucket
    await sleep(wait, undefined, { signal: stop }).catch(() => {})
    if (stop.aborted) break
    await pipeline.rescan().catch((fault: unknown) => {
      process.stderr.write(
        `sluice: ${where} could not be listed (${messageOf(fault)}); once more\n`,
      )
    })
  }
}

/** Tells ends as they come: JSON on stdout, a bar and a table on a terminal, then lines. */
class Teller {
  readonly #options: StartOptions
  readonly #ends = new Map<string, Outcome>()
  readonly #bar: SingleBar | undefined
  #live = false

  constructor(options: StartOptions) {
    this.#options = options
    if (options.json || !process.stderr.isTTY) return
    const format = '{bar} {value}/{total} objects × stages, {duration_formatted} {doing}'
    this.#bar = new SingleBar({ format, clearOnComplete: true, hideCursor: true })
  }

  begin = (ends: number): void => {
    this.#bar?.start(ends, 0, { doing: '' })
  }

  progress = (key: string, part: number): void => {
    this.#bar?.update({ doing: `${plain(key)}: ${Math.round(100 * part)} % sent` })
  }

  report = (outcome: Outcome): void => {
    // What comes after the table is told, and forgotten.
    if (!this.#live) this.#ends.set(`${outcome.stage} ${outcome.object}`, outcome)
    // What is sent is on its way: its end comes when it is committed.
    const isEnd = outcome.status !== 'published'
    if (isEnd) this.#bar?.increment()
    if (this.#options.json && !isEnd) return
    if (this.#options.json) process.stdout.write(`${jsonLine(outcome)}\n`)
    else if (this.#live && outcome.status !== 'unchanged')
      this.say(asCalled(plain(lineOf(outcome)), this.#options))
  }

  table(): void {
    this.end()
    this.#live = true
    this.say(tableOf(this.outcomes(), this.#options))
  }

  outcomes(): Outcome[] {
    return [...this.#ends.values()]
  }

  say(text: string): void {
    if (!this.#options.json) process.stdout.write(`${text}\n`)
  }

  end(): void {
    this.#bar?.stop()
  }
}

function lineOf({ stage, object, status, reason, accepted, rejected, waiting }: Outcome): string {
  const counts = `${accepted} accepted, ${rejected} rejected, ${waiting} waiting`
  if (status === 'loaded')
    return `${stage} ${object}: loaded, ${counts}${reason ? `; ${reason}` : ''}`
  return `${stage} ${object}: ${status}${reason ? `: ${reason}` : `, ${counts}`}`
}

/** The first Ctrl-C lets what runs end; the second one ends at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(130)
      process.stderr.write('\nsluice: ending what runs; once more to end at once\n')
      stop.abort()
    })
  }
  return stop.signal
}

async function aborted(stop: AbortSignal): Promise<void> {
  if (!stop.aborted) await oneOf(stop, 'abort')
}
