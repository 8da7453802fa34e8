import { globSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { openDuck } from '../core/duck/duckdb.ts'
import { literal } from '../core/names.ts'
import { type Running, startScript, startSluice } from './command.ts'
import type { Experiment, Trial } from './experiment.ts'
import { plantContents, type RandomFile } from './hostile-contents.ts'
import { judgeFile, type Made } from './hostile-judge.ts'
import { fingerprints, judgeNames, plantNames } from './hostile-names.ts'

const count = { short: 60, whole: 600, long: 6_000 }

export const hostile: Experiment = {
  name: 'hostile',
  title:
    'Names and keys that are SQL, paths, patterns or control characters; files of random quotes, ' +
    'line ends, NULs, marks, encodings and headers.',
  promise:
    'nothing stands outside of its place; of every file each record is a row with the same text, ' +
    'or a reject with its bytes, or the file is refused with a reason and has no row',
  limit: { short: 2, whole: 4, long: 45 },
  run,
  naive,
}

async function run(trial: Trial): Promise<string[]> {
  const lake = join(trial.folder, 'lake')
  plantNames(lake)
  const files = plantContents(lake, count[trial.size], trial.random)
  const before = fingerprints(lake)
  const { url, drop } = await trial.newDatabase()
  const running = startSluice(lake, url, '--once')
  const code = await running.ended
  const client = new pg.Client(url)
  await client.connect()
  const findings = [
    ...(await judgeNames(lake, client, before)),
    ...(await judgeFiles(trial, lake, client, files)),
    ...judgeTold(running, files),
  ]
  if (code !== 3) findings.push(`it ended with ${code}`)
  await client.end()
  await drop()
  return findings
}

async function naive(trial: Trial): Promise<string[]> {
  const lake = join(trial.folder, 'lake')
  const files = plantContents(lake, 20, trial.random)
  const { url, drop } = await trial.newDatabase()
  await startScript('faults/naive-csv.ts', [lake], lake, url).ended
  const client = new pg.Client(url)
  await client.connect()
  const findings: string[] = []
  for (const file of files) {
    const made = await inPostgres(client, file)
    findings.push(...judgeFile(file, made, undefined).map((one) => `${file.name}: ${one}`))
  }
  await client.end()
  await drop()
  return findings
}

async function judgeFiles(trial: Trial, lake: string, client: pg.Client, files: RandomFile[]) {
  const findings: string[] = []
  let [rows, rejects, refused] = [0, 0, 0]
  for (const file of files) {
    const reason = await refusalOf(client, file)
    const table = await inPostgres(client, file)
    for (const [where, made] of [
      ['Postgres', table] as const,
      ['Silver', await inLake(lake, file)] as const,
    ]) {
      const found = judgeFile(file, made, reason)
      findings.push(...found.map((one) => `${where}, ${file.name}.csv (${file.encoding}): ${one}`))
    }
    rows += table.rows.length
    rejects += table.rejects.length
    refused += reason === undefined ? 0 : 1
  }
  trial.note('random files', `${files.length}, ${refused} of them refused`)
  trial.note('their records', `${rows} rows, ${rejects} rejects`)
  return findings
}

/** Every file had an end in both stages, and both ended alike. */
function judgeTold({ lines }: Running, files: RandomFile[]): string[] {
  return files.flatMap(({ name }) => {
    const ends = lines.filter(({ object }) => object === `bronze/random/${name}.csv`)
    const told = ends.map((end) => `${end.status} ${end.records} ${end.accepted} ${end.rejected}`)
    const adds = ends.every(({ records, accepted, rejected }) => records === accepted + rejected)
    if (ends.length === 2 && told[0] === told[1] && adds) return []
    return [`${name}.csv was told as ${told.join(', and as ') || 'nothing'}`]
  })
}

async function refusalOf(client: pg.Client, { name }: RandomFile): Promise<string | undefined> {
  const sql = 'SELECT status, reason FROM sluice.objects WHERE key = $1'
  const [found] = (await client.query(sql, [`bronze/random/${name}.csv`])).rows
  return found?.status === 'loaded' ? undefined : (found?.reason ?? '')
}

async function inPostgres(client: pg.Client, { name }: RandomFile): Promise<Made> {
  const [{ there }] = (await client.query('SELECT to_regclass($1) AS there', [`random.${name}`]))
    .rows
  const rows = there ? (await client.query(`SELECT a, b, c FROM random.${name}`)).rows : []
  const rejects = await client.query(
    `SELECT record, line, raw FROM sluice.rejects JOIN sluice.objects o ON o.id = object_id
     WHERE o.key = $1 ORDER BY record`,
    [`bronze/random/${name}.csv`],
  )
  return {
    rows: rows.map(({ a, b, c }) => [a ?? '', b ?? '', c ?? '']),
    rejects: rejects.rows.map(({ record, line, raw }) => {
      return { record: Number(record), line: Number(line), raw }
    }),
  }
}

async function inLake(lake: string, { name }: RandomFile): Promise<Made> {
  const duck = await openDuck(0)
  const all = async (root: string, what: string) => {
    const files = join(lake, root, 'random', name, '*.parquet')
    if (globSync(files).length === 0) return []
    return duck.all(`SELECT ${what} FROM read_parquet(${literal(files)})`)
  }
  try {
    const rows = await all('silver', "hex(ifnull(a, '')), hex(ifnull(b, '')), hex(ifnull(c, ''))")
    const rejects = await all('quarantine', 'record, line, hex(raw)')
    return {
      // As hex: the client of DuckDB takes a mark at the begin of a text for none of it.
      rows: rows.map((row) => row.map((hex) => Buffer.from(String(hex), 'hex').toString())),
      rejects: rejects
        .map(([record, line, hex]) => {
          const raw = Buffer.from(String(hex), 'hex')
          return { record: Number(record), line: Number(line), raw }
        })
        .toSorted((one, other) => one.record - other.record),
    }
  } finally {
    duck.close()
  }
}
