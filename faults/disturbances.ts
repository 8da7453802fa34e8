import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Running } from './command.ts'
import type { CrashingServer } from './crashing-server.ts'
import type { Source } from './source.ts'
import type { StreamSource } from './stream-source.ts'

/** What has been done to a process that runs for long, and is to be seen in its lake. */
export class Disturbances {
  /** How often each was done. */
  readonly counts: Record<string, number> = {}
  /** Files that begin as bad ones; each is mended later. */
  odd = 0
  readonly #source: Source
  readonly #stream: StreamSource
  readonly #running: Running
  readonly #server: CrashingServer | undefined
  readonly #random: () => number
  #bad: string[] = []
  #streamed = 0
  /** Whether all that is to be streamed is there. */
  isOver = false

  constructor(
    source: Source,
    stream: StreamSource,
    running: Running,
    server: CrashingServer | undefined,
    random: () => number,
  ) {
    this.#source = source
    this.#stream = stream
    this.#running = running
    this.#server = server
    this.#random = random
  }

  /** One of them, by chance. */
  async next(): Promise<void> {
    const all: [string, number, () => unknown][] = [
      ['rewrites', 6, () => this.#source.rewrite(this.#any(this.#source.objects))],
      [
        'moved keys',
        3,
        () => this.#source.moveKeys(1 + this.#any(this.#source.objects - 1), this.#random()),
      ],
      ['bad files', 3, () => this.#drop(`odd/${this.odd++}.csv`, 'wrong\n1\n')],
      ['mended files', 3, () => this.#mend()],
      ['streamed objects', 3, () => this.#publish()],
      ['requests to the console', 4, () => this.#ask()],
      ['pauses', 1, () => this.#pause()],
      ['crashes of the database', this.#server ? 1 : 0, () => this.#crash()],
    ]
    // Each as often as its weight says.
    const deck = all.flatMap(([name, weight, work]) =>
      Array.from({ length: weight }, () => ({ name, work })),
    )
    const { name, work } = deck[this.#any(deck.length)]!
    await work()
    this.counts[name] = (this.counts[name] ?? 0) + 1
  }

  /** All that is bad is mended, and all that is to be streamed is there. */
  finish(): void {
    while (this.#bad.length > 0) this.#mend()
    while (this.#streamed < this.#stream.objects) this.#publish()
    this.isOver = true
  }

  #any(count: number): number {
    return Math.floor(this.#random() * count)
  }

  #drop(path: string, text: string): void {
    const { lake } = this.#source
    this.#bad.push(path)
    writeFileSync(join(lake, 'odd.new'), text)
    renameSync(join(lake, 'odd.new'), join(lake, 'bronze', path))
  }

  #mend(): void {
    const path = this.#bad.shift()
    if (path === undefined) return
    this.#drop(path, `id\n${/\d+/.exec(path)?.[0]}\n`)
    this.#bad.pop()
  }

  #publish(): void {
    if (this.#streamed === this.#stream.objects) return
    const { lake } = this.#stream
    const name = `${this.#streamed++}.csv`
    renameSync(join(lake, 'parked', name), join(lake, 'streaming/kill/events', name))
  }

  async #ask(): Promise<void> {
    const note = readFileSync(join(this.#source.lake, '.sluice/serving.json'), 'utf8')
    const { console } = JSON.parse(note) as { console?: string }
    const paths = ['flow', 'datasets', 'objects', 'rejects', 'streams', 'tables', 'live']
    const path = paths[this.#any(paths.length)]
    // Some go before they are answered, and those of `live` never are to their end.
    const signal = AbortSignal.timeout(this.#random() < 0.3 ? 5 : 2_000)
    const url = new URL(`/api/${path}`, console)
    await fetch(url, { signal })
      .then((answer) => answer.text())
      .catch(() => undefined)
  }

  async #pause(): Promise<void> {
    this.#running.child.kill('SIGSTOP')
    await sleep(200 + 1_500 * this.#random())
    this.#running.child.kill('SIGCONT')
  }

  async #crash(): Promise<void> {
    await this.#server?.crash()
    await sleep(1_500 * this.#random())
    await this.#server?.comeBack()
  }
}

/** Streams come one after the other: those of the source wait beside the lake's folders. */
export function park({ lake, objects }: StreamSource): void {
  mkdirSync(join(lake, 'parked'))
  for (let k = 0; k < objects; k++) {
    renameSync(join(lake, 'streaming/kill/events', `${k}.csv`), join(lake, 'parked', `${k}.csv`))
  }
}
