import { mkdtempSync, readdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, it } from 'vitest'
import { freshDatabase } from '../local/fresh-database.ts'
import { startScript, startSluice } from './command.ts'
import { crash, seeded } from './crash.ts'
import { judge, judgeLedger } from './judge.ts'
import { type Dataset, Source } from './source.ts'

/** The whole proof: `SLUICE_ROUNDS=30 SLUICE_CRASH_ROWS=1000000 npx vitest run faults/crash`. */
const rounds = Number(process.env.SLUICE_ROUNDS ?? 5)
const rows = Number(process.env.SLUICE_CRASH_ROWS ?? 100_000)
const seed = Number(process.env.SLUICE_SEED ?? Math.floor(Math.random() * 1e9))
/** Waiting for a dead writer's intent to end takes up to 15 s of it. */
const timeout = 90_000 + rounds * (10_000 + rows / 20)

it.concurrent.each<[string, Dataset, number]>([
  ['one object', 'lines', 1],
  ['several objects, with keys that move between them', 'rows', 4],
])(
  'killed at any moment, and run once more, every row is there once: %s',
  async (_, dataset, objects) => {
    const duration = await undisturbed(dataset, objects)
    const { source, url, drop } = await place(dataset, objects, rows)
    const killed = await crash({ source, url, rounds, duration, random: seeded(seed) })
    const told = `${rounds} rounds of ${rows} rows, ${killed} kills`
    process.stderr.write(`${dataset}: seed ${seed}, ${told}, undisturbed ${duration} ms\n`)
    expect(killed, `seed ${seed}`).toBeGreaterThan(0)

    const last = startSluice(source.lake, url, '--once')
    const code = await last.ended
    const findings = [...(await judge(source, url)), ...(await judgeLedger(source, url))]
    expect({ findings, code, seed }).toEqual({ findings: [], code: 0, seed })
    await drop()
  },
  timeout,
)

it('the judge finds what a naive loader does wrong', async () => {
  const { source, url, drop } = await place('lines', 1, 20_000)
  const load = () => startScript('faults/naive-loader.ts', [source.lake], source.lake, url)

  expect(await load().ended).toBe(0)
  expect(await judge(source, url), 'while nothing crashes it is right').toEqual([])
  await drop()

  const crashed = await place('lines', 1, 20_000)
  const start = () =>
    startScript('faults/naive-loader.ts', [crashed.source.lake], crashed.source.lake, crashed.url)
  await killWhen(start(), () => hasRows(crashed.url))
  await killWhen(start(), async () => hasParquet(crashed.source))
  expect(await start().ended).toBe(0)
  const findings = await judge(crashed.source, crashed.url)
  expect(findings).toEqual([
    expect.stringMatching(/^Postgres: .*but Bronze/),
    expect.stringMatching(/^Silver: /),
  ])
  await crashed.drop()
})

async function place(dataset: Dataset, objects: number, rows: number) {
  const lake = mkdtempSync(join(tmpdir(), 'sluice-crash-'))
  const source = new Source(lake, dataset, objects, rows)
  const database = await freshDatabase()
  const drop = async () => {
    await database.drop()
    source.remove()
  }
  return { source, url: database.url, drop }
}

/** Milliseconds of a run that nobody kills; it is right, and says so. */
async function undisturbed(dataset: Dataset, objects: number): Promise<number> {
  const { source, url, drop } = await place(dataset, objects, rows)
  const started = performance.now()
  expect(await startSluice(source.lake, url, '--once').ended).toBe(0)
  const duration = Math.round(performance.now() - started)
  expect([...(await judge(source, url)), ...(await judgeLedger(source, url))]).toEqual([])
  await drop()
  return duration
}

async function killWhen(
  { child, ended }: ReturnType<typeof startScript>,
  isSo: () => Promise<boolean>,
): Promise<void> {
  while (child.exitCode === null && !(await isSo())) await sleep(2)
  child.kill('SIGKILL')
  await ended
}

async function hasRows(url: string): Promise<boolean> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query('SELECT 1 FROM kill.lines LIMIT 1')).rowCount === 1
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === '42P01') return false
    throw error
  } finally {
    await client.end()
  }
}

function hasParquet({ lake }: Source): boolean {
  const folder = join(lake, 'silver/kill/lines')
  return Boolean(statSync(folder, { throwIfNoEntry: false })) && readdirSync(folder).length > 0
}
