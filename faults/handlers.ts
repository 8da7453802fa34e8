import { openUrl } from '../core/database/open-database.ts'
import { prepareLedger } from '../core/database/prepare-ledger.ts'
import { forgetTables } from '../core/database/table.ts'
import { openLake } from '../core/lake.ts'
import { rawIngestion } from '../functions/raw-ingestion/handler.ts'
import { silver } from '../functions/silver/handler.ts'
import { Lane } from '../local/lane.ts'

/** As the queues of the deployed stack: what fails twelve times is a dead letter. */
const patience = { tries: 12, first: 100, longest: 3_000, forever: false }
/** Objects at a time. */
const WIDTH = 2
const ignored = () => {}

/** One function of each stage, over a database of its own, which is brought events. */
export class Handlers {
  readonly #dead: string[] = []
  readonly #database
  readonly #lanes: Lane[]

  private constructor(folder: string, url: string) {
    const lake = openLake(folder)
    this.#database = openUrl(url)
    const handlers = [rawIngestion(lake, this.#database, ignored), silver(lake, ignored)]
    const options = { width: WIDTH, most: 8, shared: true }
    this.#lanes = handlers.map((handler) => new Lane(folder, handler, patience, options))
    for (const lane of this.#lanes) {
      lane.givenUp = (key, error) => this.#dead.push(`${key} is a dead letter: ${error}`)
    }
  }

  static async open(folder: string, url: string): Promise<Handlers> {
    // Those that it knows of may be another database's.
    forgetTables()
    const handlers = new Handlers(folder, url)
    await prepareLedger(handlers.#database)
    return handlers
  }

  add(key: string): void {
    for (const lane of this.#lanes) lane.add(key)
  }

  /** @returns the dead letters, once nothing is to be done any more */
  async end(): Promise<string[]> {
    await Promise.all(this.#lanes.map((lane) => lane.rest()))
    await this.#database.end()
    return this.#dead
  }
}
