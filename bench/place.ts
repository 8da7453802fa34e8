import { linkSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { newDatabase } from '../local/new-database.ts'
import { localPostgres, removeLocalPostgres } from '../local/postgres.ts'
import { type Data, fileName, makeData, writeContract } from './lineitem.ts'

/** Where the bench works: a folder outside the repository, and a durable Postgres of its own. */
export interface Place {
  folder: string
  /** What the bench was asked for. */
  runs: number
  rows: number
  files: number
  drops: number
  /** A new lake with the contract and, where data are named, one object of them, and its key. */
  newLake(dataset?: 'lineitem' | 'keyed', data?: Data): Promise<{ lake: string; key: string }>
  /** A new database on the one server; a copy of that of the URL, which nobody may be using. */
  newDatabase(template?: string): Promise<{ url: string; client: pg.Client; drop(): Promise<void> }>
  close(): Promise<void>
}

export interface Options {
  runs: number
  rows: number
  files: number
  drops: number
  keep: boolean
}

export async function openPlace({ keep, ...asked }: Options): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  const home = join(folder, 'postgres')
  let server: ReturnType<typeof localPostgres> | undefined
  return {
    folder,
    ...asked,
    async newLake(dataset, data) {
      const lake = mkdtempSync(join(folder, 'lake-'))
      writeContract(lake)
      if (!dataset || !data) return { lake, key: '' }
      const path = await makeData(join(folder, 'data'), data)
      const key = `bronze/bench/${dataset}/${fileName(data)}`
      linkSync(path, join(lake, key))
      return { lake, key }
    },
    async newDatabase(template) {
      server ??= localPostgres(home)
      return connectedDatabase((await server).url, template)
    },
    async close() {
      await (await server)?.release()
      if (keep) process.stdout.write(`kept: ${folder}\n`)
      else await removeLocalPostgres(home).then(() => rmSync(folder, { recursive: true }))
    },
  }
}

let databases = 0

async function connectedDatabase(server: string, template?: string) {
  const like = template && new URL(template).pathname.slice(1)
  const made = await newDatabase(server, `bench_${++databases}`, like)
  const client = new pg.Client(made.url)
  await client.connect()
  const drop = async () => {
    await client.end()
    await made.drop()
  }
  return { url: made.url, client, drop }
}
