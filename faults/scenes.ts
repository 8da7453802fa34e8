import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Kinesis } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { openUrl } from '../core/database/open-database.ts'
import { forgetTables } from '../core/database/table.ts'
import { openLake } from '../core/lake.ts'
import { openStream } from '../core/stream/kinesis.ts'
import { startKinesis } from '../local/kinesis.ts'
import { execute } from '../local/one-statement.ts'
import { copyOf, type Scene } from './deaths.ts'
import type { Trial } from './experiment.ts'
import { judgeLedger, judgePostgres, judgeSilver } from './judge.ts'
import { Source } from './source.ts'
import { stages } from './stages.ts'
import { judgeStream, StreamSource } from './stream-source.ts'

const noStream = { name: '', endpoint: '' }

/** Postgres: children before their parents, and newer versions of what is loaded. */
export async function rawScene({ folder, newDatabase }: Trial): Promise<Scene> {
  const lake = join(folder, 'raw')
  const rows = new Source(lake, 'rows', 2, 400)
  const parts = new Source(lake, 'parts', 1, 400)
  const base = await newDatabase()
  forgetTables()
  const [first = '', second = ''] = rows.keys
  await stages['raw-ingestion']({
    ...{ lake: openLake(lake), keys: [...parts.keys, first] },
    database: () => openUrl(base.url),
    stream: () => openStream(''),
  })
  for (const source of [rows, parts]) source.rewrite(0)
  return {
    stage: 'raw-ingestion',
    waits: false,
    async place(name) {
      const database = await cloneOf(base.url, name)
      return { lake, keys: [first, ...parts.keys, second], database, stream: noStream }
    },
    judge: async ({ database }) => [
      ...(await judgePostgres(rows, database)),
      ...(await judgePostgres(parts, database)),
      ...(await judgeLedger({ objects: 3 }, database)),
    ],
    leave: ({ database }) =>
      execute(beside(base.url), `DROP DATABASE ${nameIn(database)} WITH (FORCE)`),
  }
}

/** Parquet: newer versions of what is written, in two folders of a partition. */
export async function silverScene({ folder }: Trial): Promise<Scene> {
  const source = new Source(join(folder, 'silver'), 'rows', 2, 400)
  const { lake: base, keys } = source
  await stages.silver(worldOf(base, keys))
  source.moveKeys(1, 0.7)
  return {
    stage: 'silver',
    waits: true,
    async place(name) {
      return { lake: copyOf(base, join(folder, name)), keys, database: '', stream: noStream }
    },
    judge: ({ lake }) => judgeSilver({ lake, dataset: 'rows' }),
    leave: removeLake,
  }
}

/** The stream's three, over one Kinesis. */
export async function streamScenes({
  folder,
}: Trial): Promise<{ scenes: Scene[]; end(): unknown }> {
  const kinesis = await startKinesis('whole', { shards: 2 })
  const { endpoint } = kinesis
  const whole = { name: 'whole', endpoint }
  const source = new StreamSource(join(folder, 'stream'), 3, 600)
  const { lake, keys, rows, wrong } = source
  const judge: Scene['judge'] = (life) => judgeStream({ lake: life.lake, rows, wrong })
  const sent = copyOf(lake, join(folder, 'sent'))
  await stages.publish(worldOf(sent, keys, whole))
  const appended = copyOf(sent, join(folder, 'appended'))
  await stages.append(worldOf(appended, keys, whole))
  const over = (stage: 'append' | 'compact', base: string): Scene => ({
    ...{ stage, waits: true, judge, leave: removeLake },
    async place(name) {
      return { lake: copyOf(base, join(folder, name)), keys, database: '', stream: whole }
    },
  })
  return {
    scenes: [
      publishScene(source, endpoint, judge),
      over('append', sent),
      over('compact', appended),
    ],
    end: kinesis.stop,
  }
}

/** Each place has a stream of its own; the emulator bears some fifty. */
function publishScene(source: StreamSource, endpoint: string, judge: Scene['judge']): Scene {
  const { lake, keys } = source
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const requestHandler = new NodeHttpHandler()
  const client = new Kinesis({ endpoint, credentials, requestHandler, region: 'us-east-1' })
  return {
    stage: 'publish',
    waits: false,
    async place(name) {
      await client.createStream({ StreamName: name, ShardCount: 1 })
      const place = copyOf(lake, `${lake}-${name}`)
      return { lake: place, keys, database: '', stream: { name, endpoint } }
    },
    async judge(life) {
      await stages.append(worldOf(life.lake, keys, life.stream))
      return judge(life)
    },
    async leave(life) {
      await client.deleteStream({ StreamName: life.stream.name })
      await removeLake(life)
    },
  }
}

function worldOf(lake: string, keys: string[], { name, endpoint } = noStream) {
  const database = () => openUrl('')
  return { lake: openLake(lake), keys, database, stream: () => openStream(name, { endpoint }) }
}

async function removeLake({ lake }: { lake: string }): Promise<void> {
  rmSync(lake, { recursive: true, force: true })
}

/** Another database with the same content, on the same server. */
async function cloneOf(url: string, name: string): Promise<string> {
  const clone = new URL(url)
  clone.pathname = `${nameIn(url)}_${name.replaceAll('-', '_')}`
  await execute(beside(url), `CREATE DATABASE ${nameIn(clone.href)} TEMPLATE ${nameIn(url)}`)
  return clone.href
}

/** Nobody may be in a database that is copied. */
function beside(url: string): string {
  return new URL('/postgres', url).href
}

function nameIn(url: string): string {
  return new URL(url).pathname.slice(1)
}
