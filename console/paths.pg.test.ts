import { homedir, tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { files, raw } from '../functions/raw.fixture.ts'
import { resource, runSilver } from '../functions/stages.fixture.ts'
import { apiOf } from './app.ts'
import { Live } from './live.ts'
import type { ConsolePlace } from './place.ts'
import { scrubFor } from './scrub.ts'
import { type Asked, served } from './served.fixture.ts'

/** No answer of the API tells where on this machine anything lies. */

let console: Asked
let place: ConsolePlace
beforeEach(async () => {
  place = { lake: files.lake, database: raw.database, live: new Live() }
  console = await served(files.lake, place)
})
afterEach(() => console.close())

/** What a person may ask about; each route takes what it knows of it. */
const questions: Record<string, string>[] = [
  {},
  { dataset: 'p.t', name: 'p.t', object: 'bronze/p/t/a.csv', key: 'bronze/p/t/a.csv' },
  { dataset: 'p.t', key: 'bronze/p/t/large.csv', object: 'bronze/p/t/large.csv', name: 'revenue' },
  {
    dataset: 'q.unknown',
    name: 'q.unknown',
    key: 'bronze/held/a.csv',
    object: 'bronze/held/a.csv',
  },
  { dataset: 'broken.t', name: 'broken.t', key: 'bronze/broken/t.csv', status: 'refused' },
  { key: '../../etc/passwd', object: '/etc/passwd', name: '..', dataset: '../x', cursor: 'x' },
]

async function fill(): Promise<void> {
  files.describe('p', resource('t', ['id:integer']))
  files.put('bronze/p/t/a.csv', 'id\n1\nx\n')
  files.put('bronze/p/t/large.csv', `id\n${'1\n'.repeat(500)}`)
  files.put('bronze/held/a.csv', 'id\n1\n')
  files.put('bronze/broken/datapackage.yaml', 'name: broken\nresources: {')
  files.put('bronze/broken/t.csv', 'id\n1\n')
  const keys = ['bronze/p/t/a.csv', 'bronze/held/a.csv', 'bronze/broken/t.csv']
  await raw.run(...keys)
  await runSilver(files.lake, ...keys)
  // What is too large for here names the command that takes it elsewhere.
  process.env.SLUICE_LIMIT_BYTES = '100'
  await raw.run('bronze/p/t/large.csv')
  await runSilver(files.lake, 'bronze/p/t/large.csv')
  delete process.env.SLUICE_LIMIT_BYTES
  const [large] = await raw.query(`SELECT reason FROM sluice.objects WHERE key LIKE '%large.csv'`)
  expect(String(large!.reason)).toContain(files.folder)
}

test('no answer to whatever is asked has a path of this machine', async () => {
  await fill()
  const routes = apiOf(place, scrubFor(files.lake)).routes
  const paths = new Set(routes.filter(({ method }) => method === 'GET').map(({ path }) => path))
  expect(paths.size).toBeGreaterThan(5)
  paths.delete('/live')
  const wrong: string[] = []
  for (const path of paths) {
    for (const question of questions) {
      const asked = `/api${path}?${new URLSearchParams(question)}`
      const answer = await console.ask(asked)
      const found = pathIn(await answer.text())
      if (found) wrong.push(`${asked} (${answer.status}): ${found}`)
    }
  }
  expect(wrong).toEqual([])
})

test('nor has the answer to a query, or to what cannot be', async () => {
  await fill()
  const json = { 'content-type': 'application/json' }
  const queries = [
    'FROM p.t',
    'SHOW ALL TABLES',
    'FROM duckdb_views()',
    'FROM duckdb_settings()',
    'FROM duckdb_databases()',
    'EXPLAIN FROM p.t',
    'SELECT filename FROM read_parquet("x", filename = true)',
    `FROM read_csv('${files.folder}/bronze/p/t/a.csv')`,
    "FROM read_csv('/etc/passwd')",
    'FROM p.none',
    'nonsense',
  ]
  const wrong: string[] = []
  for (const sql of queries) {
    const answer = await console.post('/api/query', JSON.stringify({ sql }), json)
    const found = pathIn((await answer.text()).replaceAll(sql, ''))
    if (found) wrong.push(`${sql} (${answer.status}): ${found}`)
  }
  for (const path of ['/api/accept', '/api/replay/row', '/api/drop?package=p&name=a.csv/b.csv']) {
    files.put('bronze/p/a.csv', 'id\n')
    const answer = await console.post(path, '{"package": "..", "object": "/etc/passwd"}', json)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    const found = pathIn(await answer.text())
    if (found) wrong.push(`${path}: ${found}`)
  }
  expect(wrong).toEqual([])
})

/** The text around the first such path. */
function pathIn(text: string): string | undefined {
  const places = [files.folder, homedir(), process.cwd(), tmpdir(), dirname(import.meta.dirname)]
  const forms = places
    .filter((one) => one.length > 1)
    .flatMap((one) => [one, pathToFileURL(one).href])
  const at = forms.map((form) => text.indexOf(form)).filter((index) => index >= 0)
  return at.length > 0
    ? text.slice(Math.max(0, Math.min(...at) - 80), Math.min(...at) + 120)
    : undefined
}
