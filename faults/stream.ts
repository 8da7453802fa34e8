import { globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openLake } from '../core/lake.ts'
import { LEASE } from '../core/stream/checkpoint.ts'
import { tick } from '../functions/maintenance/tick.ts'
import { publish } from '../functions/streaming/publish.ts'
import { type Running, startScript } from './command.ts'
import type { Experiment, Trial } from './experiment.ts'
import { OwnedStream } from './owned-stream.ts'
import { judgePoison, type Poison, payloads } from './poison.ts'
import { shuffled } from './random.ts'
import { judgeStream, missingOthers, StreamSource } from './stream-source.ts'

const objects = { short: 6, whole: 24, long: 200 }
const rows = { short: 6_000, whole: 60_000, long: 1_000_000 }
/** How often a consumer is paused while it writes, until long after another one took over. */
const zombies = { short: 1, whole: 5, long: 40 }
/** What is on its way is given so long to arrive. */
const PATIENCE_MS = 40_000

export const stream: Experiment = {
  name: 'stream',
  title:
    'Poison between the rows; shards split and merged; a consumer paused (SIGSTOP) while it ' +
    'writes, which comes back (SIGCONT) when another has taken over; the stream made anew.',
  promise:
    'every row is an event once, every poison is kept whole with its sequence number, and ' +
    'windows say what the events say',
  limit: { short: 2, whole: 4, long: 60 },
  run,
  naive,
}

interface Place {
  trial: Trial
  source: StreamSource
  owned: OwnedStream
  poison: Poison[]
  /** What became of shards. */
  resharded: string[]
}

async function run(trial: Trial): Promise<string[]> {
  const { size, random } = trial
  const source = new StreamSource(join(trial.folder, 'lake'), objects[size], rows[size])
  const owned = await OwnedStream.start('faults')
  const place: Place = { trial, source, owned, poison: [], resharded: [] }
  const consumers = [consumer(place)]
  try {
    const kinds = shuffled(Object.keys(payloads), random)
    const pauses = zombies[size]
    let paused = 0
    for (let n = 0; n < pauses; n++) {
      const share = <T>(all: T[]) => all.filter((_, i) => i % (2 * pauses) === n)
      const [isPaused] = await Promise.all([
        pause(place, consumers),
        offer(place, share(source.keys), share(kinds)),
      ])
      if (isPaused) paused++
    }
    await settled(trial, async () => [
      ...(await judgePoison(source.lake, place.poison)),
      ...((await missingOthers(source)) > 0 ? ['rows of other producers are missing'] : []),
    ])
    await beginAnew(place)
    await offer(
      place,
      source.keys,
      kinds.filter((_, i) => i % (2 * pauses) >= pauses),
    )
    const findings = await settled(trial, async () => {
      await tick(openLake(source.lake), { all: true }).catch(() => {})
      return [...(await judgeStream(source)), ...(await judgePoison(source.lake, place.poison))]
    })
    trial.note('pauses beyond the lease', paused)
    trial.note('shards', place.resharded.join(', '))
    trial.note('rows', source.rows + source.others)
    trial.note('poison', place.poison.length)
    return paused > 0 ? findings : [...findings, 'no consumer was paused while it wrote']
  } finally {
    await stopAll(consumers)
    await owned.stop()
  }
}

function consumer({ source, owned }: Place): Running {
  const args = [source.lake, owned.endpoint, owned.name]
  return startScript('faults/stream-consumer.ts', args, source.lake, '')
}

/** Objects, rows of other producers, poison; shards come and go meanwhile. */
async function offer(place: Place, keys: string[], kinds: string[]): Promise<void> {
  const { trial, source, owned, poison, resharded } = place
  const lake = openLake(source.lake)
  const share = Math.ceil(kinds.length / keys.length)
  for (const [n, key] of keys.entries()) {
    for (const kind of kinds.slice(n * share, (n + 1) * share)) {
      const data = (await payloads[kind]?.(trial.random)) ?? Buffer.alloc(0)
      poison.push({ kind, data, ...(await owned.put(data)) })
      await owned.put(source.other())
    }
    if (n % 3 === 1) resharded.push(await owned.reshard(trial.random))
    await publish(lake, owned.client, key)
  }
}

/** Some objects are on their way when the stream goes; they are offered once more. */
async function beginAnew({ source, owned }: Place): Promise<void> {
  const lake = openLake(source.lake)
  for (const key of source.keys.slice(-2)) await publish(lake, owned.client, key)
  await owned.recreate()
}

/**
 * Stops the consumer that writes, lets another one go on without it, and wakes it up.
 *
 * @returns whether it was one that wrote
 */
async function pause(place: Place, consumers: Running[]): Promise<boolean> {
  const { trial, source } = place
  const isWriting = await changes(join(source.lake, 'streaming_checkpoint'))
  await sleep(trial.random() * 40)
  const [paused] = consumers
  paused?.child.kill('SIGSTOP')
  if (consumers.length === 1) consumers.push(consumer(place))
  await sleep(LEASE + 2_000 + trial.random() * 2_000)
  paused?.child.kill('SIGCONT')
  consumers.reverse()
  return isWriting
}

/** Waits for an intent or a commit. @returns whether there was one */
async function changes(folder: string): Promise<boolean> {
  const look = () =>
    globSync(`${folder}/*/*.json`).map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs)
  const before = `${look()}`
  for (const end = performance.now() + 15_000; performance.now() < end; await sleep(2)) {
    if (`${look()}` !== before) return true
  }
  return false
}

/** What is still found when patience is over: what is on its way is none. */
async function settled(trial: Trial, look: () => Promise<string[]>): Promise<string[]> {
  for (const end = performance.now() + PATIENCE_MS; ; await sleep(500)) {
    const findings = await look().catch((error: Error) => [error.message])
    if (findings.length === 0 || performance.now() > end || trial.signal.aborted) return findings
  }
}

async function stopAll(consumers: Running[]): Promise<void> {
  for (const { child } of consumers) child.kill('SIGCONT')
  for (const { child } of consumers) child.kill('SIGTERM')
  await Promise.all(consumers.map(({ ended }) => ended))
}

/** The same, but for what it does not survive anyway: shards that change, a stream made anew. */
async function naive(trial: Trial): Promise<string[]> {
  const source = new StreamSource(join(trial.folder, 'lake'), 2, 1_000)
  const owned = await OwnedStream.start('faults')
  const start = (what: string) => {
    const args = [what, source.lake, owned.endpoint, owned.name]
    return startScript('faults/naive-consumer.ts', args, source.lake, '')
  }
  await start('publish').ended
  const poison: Poison[] = []
  for (const [kind, make] of Object.entries(payloads)) {
    const data = await make(trial.random)
    poison.push({ kind, data, ...(await owned.put(data)) })
  }
  const first = start('consume')
  const events = join(source.lake, 'streaming_results/kill/events/events/*.parquet')
  while (globSync(events).length < 3) await sleep(5)
  first.child.kill('SIGSTOP')
  await start('consume').ended
  first.child.kill('SIGCONT')
  await first.ended
  await owned.stop()
  const unkept = judgePoison(source.lake, poison).catch((error: Error) => [error.message])
  return [...(await judgeStream(source)), ...(await unkept)]
}
