import { openUrl } from '../core/database/open-database.ts'
import { openLake } from '../core/lake.ts'
import { openStream } from '../core/stream/kinesis.ts'
import { Mortal } from './mortal.ts'
import { type StageName, stages } from './stages.ts'

/** What `node faults/mortal-stage.ts <this, as JSON>` does, and dies of. */
export interface Life {
  stage: StageName
  /** A folder. */
  lake: string
  keys: string[]
  database: string
  stream: { name: string; endpoint: string }
  /** The moment to die at, from 1; 0: it lives, and tells what moments there were. */
  death: number
}

const { stage, lake, keys, database, stream, death }: Life = JSON.parse(process.argv[2] ?? '')
const mortal = new Mortal(death)
const opened = openLake(lake)
await stages[stage]({
  lake: { ...opened, store: mortal.store(opened.store) },
  keys,
  database: () => mortal.database(openUrl(database)),
  stream: () => mortal.stream(openStream(stream.name, { endpoint: stream.endpoint })),
})
process.stdout.write(JSON.stringify(mortal.moments))
