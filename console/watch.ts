import { messageOf } from '../core/finding.ts'
import type { Outcome } from '../core/outcome.ts'
import type { StageLook } from '../local/pipeline.ts'
import { checkpointsOf, type Inputs, inputsOf } from './backlog.ts'
import { Ends } from './ends.ts'
import type { Live } from './live.ts'
import { Paced } from './paced.ts'
import type { ConsolePlace } from './place.ts'
import { Progress } from './progress.ts'
import type { Flow, LiveEvents, StageNow } from './shapes.ts'
import { committedBy, RATE_S, StreamTotals } from './stream-totals.ts'
import { sumOf, type Totals, totalsOf } from './totals.ts'

/** How often a page is told, at most. */
const TELL_MS = 250
/** Between two looks, at least: at sums of the ledger, at all that lies in the lake, at shards. */
const [TOTALS_MS, INPUTS_MS, SHARDS_MS] = [1_000, 5_000, 2_000]

/** What changes whenever a shard has gone on, and what all of them have committed. */
interface Shards {
  checkpoints: string
  committed: Flow['committed']
}

type Tell = Parameters<Live['listen']>[0]

/** Looks at what happens in the lake while a page is open, and tells what has changed. */
export class Watch {
  readonly #place: ConsolePlace
  readonly #totals: Paced<Totals>
  readonly #inputs: Paced<Inputs>
  readonly #shards: Paced<Shards>
  readonly #published: Paced<Totals>
  readonly #ends: Ends
  readonly #progress: Progress
  readonly #done = new Map<Outcome['stage'], number>()
  /** Of the stream alone, whose objects the ledger does not know: when, and how many records. */
  #streamed: { at: number; records: number }[] = []
  #pages = 0
  #timer: NodeJS.Timeout | undefined
  #told = ''
  #fault = ''

  constructor(place: ConsolePlace) {
    const { database, live, work } = place
    const { store } = place.lake
    this.#place = place
    this.#ends = new Ends(database, store.url)
    this.#progress = new Progress(work)
    this.#totals = new Paced(() => this.#lookAtLedger(), TOTALS_MS)
    this.#inputs = new Paced(() => this.#lookAtInputs(), INPUTS_MS)
    this.#shards = new Paced(() => this.#lookAtShards(), SHARDS_MS)
    const streams = new StreamTotals(database, store)
    this.#published = new Paced(() => streams.look(), SHARDS_MS)
    live.listen((event, data) => {
      if (event === 'end') this.#ended(data as LiveEvents['end'])
    })
  }

  /** A page is there: it is told how all stands, then of every change. @returns what ends it */
  open(tell: Tell): () => void {
    if (this.#pages++ === 0) {
      this.#ends.forget()
      this.#timer = setInterval(() => this.#tick(), TELL_MS)
    }
    this.flow().then((flow) => tell('flow', flow), this.#failed)
    return () => {
      if (--this.#pages === 0) clearInterval(this.#timer)
    }
  }

  /** How all stands. @throws a fault of the database */
  async flow(): Promise<Flow> {
    const shards = this.#shards.fresh().catch(this.#failed)
    const totals = [this.#totals.fresh(), this.#published.fresh(), shards] as const
    const [inLedger, inStreams] = await Promise.all(totals)
    return this.#flowOf(inLedger, inStreams)
  }

  #tick(): void {
    const looks = [this.#totals, this.#published, this.#inputs, this.#shards]
    for (const look of looks) look.fresh().catch(this.#failed)
    const [inLedger, inStreams] = [this.#totals.seen, this.#published.seen]
    if (!inLedger || !inStreams) return
    const flow = this.#flowOf(inLedger, inStreams)
    const told = JSON.stringify(flow)
    if (told === this.#told) return
    this.#told = told
    this.#place.live.tell('flow', flow)
  }

  /** Where another process loads, what has changed there is an end here. */
  async #lookAtLedger(): Promise<Totals> {
    const { database, lake, live, work } = this.#place
    const before = this.#totals.seen
    const totals = await totalsOf(database, lake.store.url)
    const isNews = this.#ends.isForgotten || !before || isOther(before, totals)
    if (!work && this.#pages > 0 && isNews) {
      for (const end of await this.#ends.fresh()) live.tell('end', end)
    }
    return totals
  }

  async #lookAtInputs(): Promise<Inputs> {
    const { database, lake, live, work } = this.#place
    const before = this.#inputs.seen
    const inputs = await inputsOf(lake.store, database, !work)
    if (before && before.proposals !== inputs.proposals) live.tell('changed', { what: 'proposal' })
    if (before && before.contracts !== inputs.contracts) live.tell('changed', { what: 'contract' })
    return inputs
  }

  async #lookAtShards(): Promise<Shards> {
    const { lake, live } = this.#place
    const before = this.#shards.seen
    const checkpoints = await checkpointsOf(lake.store)
    if (before?.checkpoints === checkpoints) return before
    const committed = await committedBy(lake.store)
    if (before) live.tell('changed', { what: 'stream' })
    return { checkpoints, committed }
  }

  #flowOf(inLedger: Totals, inStreams: Totals): Flow {
    const { objects, records, at } = sumOf(inLedger, inStreams)
    const looks = this.#place.work?.look()
    const arriving = looks ? leftOf(looks, 'raw-ingestion') : (this.#inputs.seen?.arriving ?? null)
    const since = Date.now() - 1_000 * RATE_S
    this.#streamed = this.#streamed.filter((one) => one.at > since)
    // What this process has streamed it knows at once, and by its own clock.
    const streamed = looks
      ? this.#streamed.reduce((sum, one) => sum + one.records, 0)
      : inStreams.fresh
    return {
      stages: stages.map((stage) => this.#stageOf(stage, looks ?? [])),
      rate: Math.round((inLedger.fresh + streamed) / RATE_S),
      objects,
      records,
      committed: this.#shards.seen?.committed ?? null,
      arriving,
      progress: this.#progress.of(arriving),
      at,
    }
  }

  /** What cannot be looked at now is looked at again; why is told once. */
  #failed = (error: unknown): void => {
    const fault = messageOf(error)
    if (fault !== this.#fault) this.#place.say?.(`console: ${fault}`)
    this.#fault = fault
  }

  #stageOf(stage: Outcome['stage'], looks: StageLook[]): StageNow {
    const done = this.#done.get(stage) ?? 0
    const look = looks.find((one) => one.stage === stage)
    if (!look) return { stage, waiting: null, running: null, done, failed: 0 }
    const running = look.running.map(({ key, since }) => {
      return { object: key, since: since.toISOString() }
    })
    return { stage, waiting: look.waiting, running, done, failed: look.failed }
  }

  #ended({ stage, object, status, records }: Outcome): void {
    if (status === 'failed') return
    this.#done.set(stage, (this.#done.get(stage) ?? 0) + 1)
    if (stage === 'streaming' && !object.startsWith('bronze/')) {
      this.#streamed.push({ at: Date.now(), records })
    }
  }
}

const stages: Outcome['stage'][] = ['raw-ingestion', 'silver', 'streaming']

function leftOf(looks: StageLook[], stage: Outcome['stage']): number {
  const look = looks.find((one) => one.stage === stage)
  return look ? look.waiting + look.running.length : 0
}

/** But for what goes by itself as time does. */
function isOther({ fresh: _, ...one }: Totals, { fresh: __, ...other }: Totals): boolean {
  return JSON.stringify(one) !== JSON.stringify(other)
}
