import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { freshDatabase } from '../local/fresh-database.ts'
import { type Running, startSluice } from './command.ts'
import { seeded } from './random.ts'
import { judgeStream, StreamSource } from './stream-source.ts'

/** Whole: `SLUICE_ROUNDS=30 SLUICE_CRASH_ROWS=1000000 npx vitest run faults/stream-crash`. */
const rounds = Number(process.env.SLUICE_ROUNDS ?? 4)
const rows = Number(process.env.SLUICE_CRASH_ROWS ?? 60_000)
const objects = 20
const seed = Number(process.env.SLUICE_SEED ?? Math.floor(Math.random() * 1e9))
const timeout = 120_000 + rounds * (20_000 + rows / 15)

it(
  'killed at any moment, and run once more, every row of the stream is there once',
  async () => {
    const random = seeded(seed)
    const { url, drop } = await freshDatabase()
    const first = newSource()
    const started = performance.now()
    expect(await startSluice(first.lake, url, '--once').ended).toBe(3)
    const duration = performance.now() - started
    expect(await judgeStream(first)).toEqual([])
    first.remove()

    let killed = 0
    let source = newSource()
    for (let round = 0; round < rounds; round++) {
      const run = startSluice(source.lake, url, '--once')
      const ended = await killAt(run, random() * duration)
      if (ended === null) killed++
      else {
        // It went through before its death: what it made is looked at, and a new lake begins.
        expect({ ended, findings: await judgeStream(source), seed }).toMatchObject(fine)
        source.remove()
        source = newSource()
      }
    }
    const told = `${rounds} rounds of ${rows} rows, ${killed} kills`
    process.stderr.write(`stream: seed ${seed}, ${told}, undisturbed ${Math.round(duration)} ms\n`)
    expect(killed, `seed ${seed}`).toBeGreaterThan(0)
    const code = await startSluice(source.lake, url, '--once').ended
    expect({ ended: code, findings: await judgeStream(source), seed }).toMatchObject(fine)
    source.remove()
    await drop()
  },
  timeout,
)

const fine = { ended: 3, findings: [] }

function newSource(): StreamSource {
  return new StreamSource(mkdtempSync(join(tmpdir(), 'sluice-stream-')), objects, rows)
}

/** The Kinesis in its child process ends with it, and keeps nothing. */
async function killAt({ child, ended }: Running, moment: number): Promise<number | null> {
  await Promise.race([ended, sleep(moment)])
  child.kill('SIGKILL')
  return ended
}
