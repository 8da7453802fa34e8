import type { Outcome } from '../core/outcome.ts'
import type { StageLook } from '../local/pipeline.ts'
import { checkpointsOf, type Inputs, inputsOf } from './backlog.ts'
import { Ends } from './ends.ts'
import type { Live } from './live.ts'
import { Paced } from './paced.ts'
import type { ConsolePlace } from './place.ts'
import { Progress } from './progress.ts'
import type { Flow, LiveEvents, StageNow } from './shapes.ts'
import { type Totals, totalsOf } from './totals.ts'

/** How often a page is told, at most. */
const TELL_MS = 250
/** Between two looks, at least: at sums of the ledger, at all that lies in the lake, at shards. */
const [TOTALS_MS, INPUTS_MS, SHARDS_MS] = [1_000, 5_000, 2_000]
/** A flow has the records of so many seconds in its rate. */
const RATE_S = 10

type Tell = Parameters<Live['listen']>[0]

/** Looks at what happens in the lake while a page is open, and tells what has changed. */
export class Watch {
  readonly #place: ConsolePlace
  readonly #totals: Paced<Totals>
  readonly #inputs: Paced<Inputs>
  readonly #shards: Paced<string>
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
    return this.#flowOf(await this.#totals.fresh())
  }

  #tick(): void {
    for (const look of [this.#totals, this.#inputs, this.#shards]) look.fresh().catch(this.#failed)
    const { seen } = this.#totals
    if (!seen) return
    const flow = this.#flowOf(seen)
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

  async #lookAtShards(): Promise<string> {
    const before = this.#shards.seen
    const shards = await checkpointsOf(this.#place.lake.store)
    const isNews = before !== undefined && before !== shards
    if (isNews) this.#place.live.tell('changed', { what: 'stream' })
    return shards
  }

  #flowOf({ objects, records, fresh, at }: Totals): Flow {
    const looks = this.#place.work?.look()
    const arriving = looks ? leftOf(looks, 'raw-ingestion') : (this.#inputs.seen?.arriving ?? null)
    const since = Date.now() - 1_000 * RATE_S
    this.#streamed = this.#streamed.filter((one) => one.at > since)
    const streamed = this.#streamed.reduce((sum, one) => sum + one.records, 0)
    return {
      stages: stages.map((stage) => this.#stageOf(stage, looks ?? [])),
      rate: Math.round((fresh + streamed) / RATE_S),
      objects,
      records,
      arriving,
      progress: this.#progress.of(arriving),
      at,
    }
  }

  /** What cannot be looked at now is looked at again; why is told once. */
  #failed = (error: unknown): void => {
    const fault = error instanceof Error ? error.message || error.name : String(error)
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
