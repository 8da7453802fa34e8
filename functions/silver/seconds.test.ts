import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { resource, runSilver, TestLake } from '../stages.fixture.ts'

/** How long Silver took is in the manifest, and decides nothing. */

let files: TestLake
beforeEach(() => {
  files = new TestLake()
})
afterEach(() => files.close())

const object = 'bronze/p/t/a.csv'

function manifestText(): string {
  const [name] = globSync('silver/p/t/_manifests/*.json', { cwd: files.folder })
  return readFileSync(join(files.folder, name!), 'utf8')
}
const stateNow = () => JSON.parse(manifestText()).state as { status: string; seconds?: number }

test('a manifest says how long the work took, of a refusal, too', async () => {
  files.describe('p', resource('t', ['id:integer']))
  files.put(object, 'id\n1\nx\n')
  const started = performance.now()
  const [end] = await runSilver(files.lake, object)
  const most = (performance.now() - started) / 1000
  expect(stateNow().seconds).toBeGreaterThan(0)
  expect(stateNow().seconds).toBeLessThanOrEqual(most)
  expect(end!.seconds).toBeGreaterThanOrEqual(stateNow().seconds! - 0.001)

  files.put(object, 'other\n1\n')
  await runSilver(files.lake, object)
  expect(stateNow()).toMatchObject({ status: 'refused', seconds: expect.any(Number) })
})

test('who finds all done writes nothing, whatever time that takes', async () => {
  files.describe('p', resource('t', ['id:integer']))
  for (const text of ['id\n1\n', 'other\n1\n']) {
    files.put(object, text)
    await runSilver(files.lake, object)
    const before = manifestText()
    await runSilver(files.lake, object, object)
    expect(manifestText()).toBe(before)
  }
})

test('a manifest without it, as an older version wrote them, stays as it is', async () => {
  files.describe('p', resource('t', ['id:integer']))
  files.put(object, 'id\n1\n')
  await runSilver(files.lake, object)
  const { seconds: _, ...older } = stateNow()
  const [name] = globSync('silver/p/t/_manifests/*.json', { cwd: files.folder })
  files.put(name!, JSON.stringify({ ...JSON.parse(manifestText()), state: older }))
  const before = manifestText()
  const [end] = await runSilver(files.lake, object)
  expect(end).toMatchObject({ status: 'unchanged', records: 1 })
  expect(manifestText()).toBe(before)
})
