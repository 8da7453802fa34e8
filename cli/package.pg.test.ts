import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshDatabase } from '../local/fresh-database.ts'
import manifest from '../package.json' with { type: 'json' }
import { commands } from './commands.ts'
import { type Project, packedProject } from './packed.fixture.ts'
import { linesOf } from './run.fixture.ts'

/** What `npm pack` makes works where it is installed: as a command, and as modules with types. */

const root = join(import.meta.dirname, '..')

let server: Awaited<ReturnType<typeof freshDatabase>>
let project: Project
beforeAll(async () => {
  server = await freshDatabase()
  project = packedProject()
  cpSync(join(root, 'data/bronze/shop'), join(project.folder, 'data/bronze/shop'), {
    recursive: true,
  })
}, 600_000)
afterAll(async () => {
  project?.close()
  await server?.drop()
})

const bin = () => join(project.folder, 'node_modules/sluice', manifest.bin.sluice)

function run(file: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { ...process.env, DATABASE_URL: server.url }
  const options = { cwd: project.folder, env }
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], options, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err })
    })
  })
}

describe('what is in it', () => {
  test('what was built, and nothing that only tests or a clone have', () => {
    const strange = project.files.filter(
      (path) =>
        !/^dist\/|^(cli\/bin\.mjs|package\.json|LICENSE|CHANGELOG\.md|README.*)$/.test(path),
    )
    expect(strange).toEqual([])
    expect(
      project.files.filter(
        (path) => /\.(test|fixture)\.|\.tsx?$/.test(path) && !/\.d\.ts$/.test(path),
      ),
    ).toEqual([])
    expect(project.files).toContain('dist/console/page/app.js')
    expect(project.files).toContain('dist/console/page/THIRD-PARTY.txt')
  })

  test('no path of the machine that built it', () => {
    const places = [root, homedir(), join(project.folder, '..')].filter((one) => one.length > 1)
    const told = project.files.filter((path) => {
      const content = readFileSync(join(project.folder, 'node_modules/sluice', path), 'utf8')
      return places.some((place) => content.includes(`${place}/`))
    })
    expect(told).toEqual([])
  })
})

describe('the command', () => {
  test('says its version, and has all commands', async () => {
    expect(await run(bin(), '--version')).toEqual({
      code: 0,
      out: `${manifest.version}\n`,
      err: '',
    })
    const { out } = await run(bin(), '--help')
    for (const { name } of commands) expect(out).toMatch(RegExp(`^  ${name} `, 'm'))
  })

  test('loads a lake, answers queries, and proposes a contract', async () => {
    const { out, err, code } = await run(bin(), 'start', '--once', '--json')
    expect([code, err]).toEqual([3, ''])
    expect(new Set(linesOf(out).map(({ status }) => status))).toEqual(new Set(['loaded']))
    const counted = await run(bin(), 'query', 'SELECT count(*) AS n FROM shop.customers', '--json')
    expect(counted.out).toBe('{"n":398}\n')
    const proposed = await run(bin(), 'init', 'data/bronze/shop/products.csv', '--json')
    expect(JSON.parse(proposed.out)).toMatchObject({ resources: [{ name: 'products' }] })
  })

  test('serves the page that was built into it', async () => {
    const args = [bin(), 'console', '--port', '0', '--json', '--database', server.url]
    const child = spawn(process.execPath, args, { cwd: project.folder })
    try {
      const [line] = await once(createInterface(child.stdout), 'line')
      const { url } = JSON.parse(line)
      const page = await fetch(url)
      expect([page.status, page.headers.get('content-type')]).toEqual([
        200,
        expect.stringContaining('html'),
      ])
      const script = /src="([^"]+\.js)"/.exec(await page.text())?.[1] ?? ''
      const answer = await fetch(new URL(script, url))
      expect(await answer.text()).toBe(
        readFileSync(join(project.folder, 'node_modules/sluice/dist/console/page', script), 'utf8'),
      )
    } finally {
      child.kill('SIGTERM')
      await once(child, 'close')
    }
  })
})

const program = `
import { contractsOf, govern, readPackage } from 'sluice/contract'
import { openDatabase, prepareLedger } from 'sluice/database'
import { openLake } from 'sluice/lake'
import { maintenance, vacuum } from 'sluice/maintenance'
import { type Outcome, Refused } from 'sluice/outcome'
import { ingest, rawIngestion } from 'sluice/raw-ingestion'
import { refine, silver } from 'sluice/silver'
import { openStream, publisher, streaming } from 'sluice/streaming'

const lake = openLake('data')
const database = openDatabase({ url: process.env.DATABASE_URL })
await prepareLedger(database)
const key = 'bronze/shop/products.csv'
const told: Outcome[] = []
const handle = rawIngestion(lake, database, (outcome) => told.push(outcome))
const { batchItemFailures } = await handle({
  source: 'aws.s3',
  detail: { bucket: { name: lake.store.url }, object: { key } },
})
const found = await readPackage(lake.store, 'bronze/shop')
const { contract } = await govern(lake.store, key)
const end = await refine(lake, key)
// @ts-expect-error: a status is no number, which an export without its type would not know.
const wrong: number | undefined = end?.status
console.log(JSON.stringify({
  failed: batchItemFailures.length,
  told: told.map(({ object, status, rejected }) => ({ object, status, rejected })),
  datasets: found && contractsOf(found).map(({ dataset }) => dataset),
  fields: contract?.fields.map(({ name }) => name).slice(0, 2),
  end: end?.status,
  vacuumed: (await vacuum(lake, { dryRun: true })).orphans,
  more: [
    ...[ingest, silver, maintenance, publisher, streaming, openStream, Refused],
  ].map((one) => typeof one),
}))
void wrong
await database.end()
`

describe('the modules', () => {
  beforeAll(() => {
    writeFileSync(join(project.folder, 'program.ts'), program)
    writeFileSync(join(project.folder, 'package.json'), '{"type": "module"}')
    symlinkSync(
      join(root, 'node_modules/@types/node'),
      join(project.folder, 'node_modules/@types/node'),
    )
  })

  test('have types, which are no any', async () => {
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const strict = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024']
    const { out, code } = await run(compiler, ...strict, '--types', 'node', 'program.ts')
    expect([out, code]).toEqual(['', 0])
  })

  test('work in a program of somebody else', async () => {
    const { out, err } = await run('program.ts')
    expect(err).toBe('')
    expect(JSON.parse(out)).toEqual({
      failed: 0,
      told: [{ object: 'bronze/shop/products.csv', status: 'unchanged', rejected: 2 }],
      datasets: ['shop.customers', 'shop.products', 'shop.orders', 'shop.order_items'],
      fields: ['product_id', 'sku'],
      end: 'unchanged',
      vacuumed: [],
      more: Array(7).fill('function'),
    })
  })

  test('are all that package.json exports', () => {
    const named = Object.keys(manifest.exports).filter((name) => name !== './package.json')
    for (const name of named) expect(program).toContain(`'sluice${name.slice(1)}'`)
  })
})
