import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Outcome } from '../core/outcome.ts'
import { files, raw } from '../functions/raw.fixture.ts'
import { resource } from '../functions/stages.fixture.ts'
import { Pipeline, type StageLook } from './pipeline.ts'
import { StreamStage } from './stream-stage.ts'

const patience = { tries: 3, first: 100, longest: 1_000, forever: false }

/** What a stage has to do, in one word for each key at work. */
const shown = (looks: StageLook[], stage: Outcome['stage']) => {
  const { waiting, running, ended, failed } = looks.find((look) => look.stage === stage)!
  return { waiting, running: running.map(({ key }) => key), ended, failed }
}

test('while parents are loaded, their children wait', async () => {
  files.describe(
    'p',
    resource('parent', ['id:integer'], { primaryKey: 'id' }),
    resource('child', ['of:integer'], {
      foreignKeys: [{ fields: 'of', reference: { resource: 'parent', fields: 'id' } }],
    }),
  )
  files.put('bronze/p/child/a.csv', 'of\n1\n')
  files.put('bronze/p/child/b.csv', 'of\n1\n')
  files.put('bronze/p/parent/a.csv', 'id\n1\n')
  const looks: ReturnType<typeof shown>[] = []
  const report = ({ stage, object }: Outcome) => {
    const isParent = stage === 'raw-ingestion' && object.includes('parent')
    if (isParent) looks.push(shown(pipeline.look(), 'raw-ingestion'))
  }
  const pipeline = new Pipeline(files.lake, raw.database, report, patience)
  await pipeline.scan()
  expect(looks).toEqual([{ waiting: 2, running: ['bronze/p/parent/a.csv'], ended: 0, failed: 0 }])
  const rest = { waiting: 0, running: [], ended: 3, failed: 0 }
  expect(shown(pipeline.look(), 'raw-ingestion')).toEqual(rest)
  expect(shown(pipeline.look(), 'silver')).toEqual(rest)
  await pipeline.close()
})

test('a scan ends though an object fails for ever, which is told, and tried on', async () => {
  const [good, bad] = ['bronze/p/good/a.csv', 'bronze/p/bad/a.csv']
  files.describe('p', resource('good', ['id:integer']), resource('bad', ['id:integer']))
  await raw.query('CREATE SCHEMA p')
  await raw.query('CREATE TABLE p.bad (id text, _object_id bigint)')
  for (const key of [good, bad]) files.put(key, 'id\n1\n')
  const ends: Outcome[] = []
  const forever = { tries: 2, first: 10, longest: 50, forever: true }
  const pipeline = new Pipeline(files.lake, raw.database, (end) => ends.push(end), forever)
  const endsOf = (key: string) =>
    ends.filter(({ stage, object }) => stage === 'raw-ingestion' && object === key)
  try {
    await pipeline.scan()
    expect(endsOf(good)).toMatchObject([{ status: 'loaded' }])
    expect(endsOf(bad)).toMatchObject([
      { status: 'failed', reason: expect.stringContaining('ALTER TABLE') },
    ])
    await raw.query('DROP TABLE p.bad')
    await expect.poll(() => endsOf(bad).length).toBe(2)
    expect(endsOf(bad)[1]).toMatchObject({ status: 'loaded' })
  } finally {
    await pipeline.close()
  }
})

test('what is sent to a stream is at work until it is committed', async () => {
  const sluice = { stream: {}, files: 't/**' }
  const t = { ...resource('t', ['id:integer']), sluice }
  files.put('streaming/p/datapackage.json', JSON.stringify({ name: 'p', resources: [t] }))
  const key = 'streaming/p/t/a.csv'
  files.put(key, 'id\n1\n2\n')
  const looks: unknown[] = []
  const report = ({ status }: Outcome) => {
    looks.push({ status, ...shown(pipeline.look(), 'streaming') })
  }
  const stop = new AbortController()
  const stream = new StreamStage({
    ...{ lake: files.lake, home: join(files.folder, '.sluice'), stream: undefined, patience },
    ...{ report, say: () => {}, stop: stop.signal },
  })
  const pipeline = new Pipeline(files.lake, raw.database, report, patience, stream)
  try {
    pipeline.add([key])
    await expect.poll(() => looks.length, { timeout: 60_000 }).toBe(2)
    expect(looks).toMatchObject([
      { status: 'published', waiting: 0, running: [key], ended: 0 },
      { status: 'loaded' },
    ])
    const rest = { waiting: 0, running: [], ended: 1, failed: 0 }
    await expect.poll(() => shown(pipeline.look(), 'streaming')).toEqual(rest)
  } finally {
    stop.abort()
    await pipeline.close()
  }
})

test('a folder whose descriptor is a link keeps no stream from being fed', async () => {
  files.put('elsewhere.yaml', 'resources: []')
  mkdirSync(join(files.folder, 'bronze/q'), { recursive: true })
  symlinkSync(join(files.folder, 'elsewhere.yaml'), join(files.folder, 'bronze/q/datapackage.yaml'))
  files.put('bronze/q/a.csv', 'id\n1\n')
  const added: string[][] = []
  const stream = {
    add: (keys: string[]) => added.push(keys),
    rest: async () => {},
    close: async () => {},
  }
  const pipeline = new Pipeline(files.lake, raw.database, () => {}, patience, stream as never)
  try {
    pipeline.add(['bronze/q/a.csv'])
    pipeline.add(['streaming/p/t/a.csv'])
    await expect.poll(() => added).toEqual([['streaming/p/t/a.csv']])
  } finally {
    await pipeline.close()
  }
})

test('of a bucket that is listed again, what is new or another version goes on', async () => {
  files.describe('p', resource('t', ['id:integer']))
  files.put('bronze/p/t/a.csv', 'id\n1\n')
  files.put('bronze/p/t/b.csv', 'id\n2\n')
  const ends: string[] = []
  const report = ({ stage, object, status }: Outcome) => ends.push(`${stage} ${object} ${status}`)
  const pipeline = new Pipeline(files.lake, raw.database, report, patience)
  try {
    await pipeline.scan()
    await pipeline.rescan()
    await pipeline.rest()
    expect(ends).toHaveLength(4)
    files.put('bronze/p/t/b.csv', 'id\n2\n3\n')
    files.put('bronze/p/t/c.csv', 'id\n4\n')
    await pipeline.rescan()
    await pipeline.rest()
    expect(ends.slice(4).toSorted()).toEqual([
      'raw-ingestion bronze/p/t/b.csv loaded',
      'raw-ingestion bronze/p/t/c.csv loaded',
      'silver bronze/p/t/b.csv loaded',
      'silver bronze/p/t/c.csv loaded',
    ])
  } finally {
    await pipeline.close()
  }
})
