import { execFile } from 'node:child_process'
import * as fs from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundles } from './bundles.ts'
import { NOTICES } from './notices.ts'
import { append, maintenance, objectStages, setup } from './shape.ts'

const root = join(import.meta.dirname, '..')
const run = promisify(execFile)
const read = (path: string) => fs.readFileSync(join(root, path), 'utf8')

/** Every target of the Dockerfile: what it is made from, and its lines. */
const targets = new Map(
  read('Dockerfile')
    .split(/^FROM /m)
    .slice(1)
    .map((text) => {
      const [, from, name] = /^(\S+) AS (\S+)/.exec(text)!
      return [name!, { from: from!, text }]
    }),
)

describe.each([...objectStages, append, maintenance, setup])('the image of $service', (shape) => {
  // The batches of the stream are what `streaming` is, and `append` what it does.
  const name = shape.service === 'append' ? 'streaming' : shape.service
  const { from, text } = targets.get(`lambda-${name}`) ?? { from: '', text: '' }

  it("has the function's bundle, handler and name", () => {
    expect(text).toContain(`COPY --from=build /image/functions/${shape.bundle}/ `)
    expect(text).toContain(`CMD ["${shape.handler}"]`)
    expect(text).toContain(`ENV POWERTOOLS_SERVICE_NAME=${shape.service}\n`)
  })

  it('has DuckDB if the bundle has', () => {
    const spec = bundles.find(({ name }) => name === shape.bundle)
    expect(from).toBe(spec?.duckdb ? 'lambda-duckdb' : 'lambda')
  })
})

it('Docker looks into no folder whose content it does not take', () => {
  // One exception with a wildcard, and it reads them all: it fails at the first that it may not.
  const exceptions = read('.dockerignore').match(/^!.*$/gm)
  expect(exceptions?.filter((line) => /[*?[]/.test(line))).toEqual([])
})

describe.skipIf(process.platform !== 'linux')('what the Dockerfile copies', () => {
  let folder: string
  beforeAll(async () => {
    folder = fs.mkdtempSync(join(tmpdir(), 'sluice-image-'))
    await run(process.execPath, [join(root, 'infra/image.ts'), folder])
  })
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

  it('is a folder for each layer, and all that they hold', () => {
    const files = fs
      .readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
      .filter((path) => !/^(functions\/setup\/contracts|kinesis\/node_modules)\//.test(path))
    const functions = bundles.flatMap(({ name }) =>
      ['index.mjs', NOTICES].map((file) => `functions/${name}/${file}`),
    )
    const programs = ['sluice/query-child', 'sluice/sluice', 'worker/worker']
    const page = ['app.css', 'app.js', 'icon.svg', 'index.html', NOTICES]
    expect(files.sort()).toEqual(
      [
        ...programs.flatMap((name) => [`${name}.mjs`, `${name}.${NOTICES}`]),
        ...page.map((name) => `sluice/page/${name}`),
        ...['duckdb/duckdb.node', 'duckdb/libduckdb.so'],
        ...[...functions, 'functions/setup/setup.sql', 'kinesis/kinesis-child.mjs'],
      ].sort(),
    )
  })

  it('has every folder taken by an image', () => {
    const taken = [...read('Dockerfile').matchAll(/--from=build \/image\/(\S+)\/ /g)]
    const made = [
      ...['duckdb', 'kinesis', 'sluice', 'worker'],
      ...bundles.map(({ name }) => `functions/${name}`),
    ]
    expect([...new Set(taken.map(([, path]) => path))].sort()).toEqual(made.sort())
  })

  it.each(['worker', 'sluice'])('%s.mjs needs Node and DuckDB alone', async (name) => {
    const code = fs.readFileSync(join(folder, `${name}/${name}.mjs`), 'utf8')
    const imported = [...code.matchAll(/^(?:import|export)\b[^'"`;]* from "([^"]+)"/gm)]
    expect(imported.length).toBeGreaterThan(5)
    expect(imported.map(([, from]) => from!).filter((from) => !isBuiltin(from))).toEqual([])
    expect(code).not.toContain(root)
  })

  it('runs where there are no packages', async () => {
    const app = join(folder, 'run')
    for (const part of ['duckdb', 'kinesis', 'sluice', 'worker']) {
      fs.cpSync(join(folder, part), app, { recursive: true })
    }
    fs.mkdirSync(join(folder, 'lake'))
    const env = { PATH: process.env.PATH }
    const start = (...args: string[]) => run(process.execPath, args, { cwd: app, env })
    const found = await start(
      'sluice.mjs',
      'query',
      '--lake',
      join(folder, 'lake'),
      'SELECT 41 + 1',
    )
    expect(found.stdout).toContain('42')
    await expect(start('worker.mjs', 'none')).rejects.toThrow('the argument must be one of')
    const { stdout } = await start('-p', 'require.resolve("kinesis-local")')
    expect(stdout.trim()).toBe(join(app, 'node_modules/kinesis-local/main.js'))
  })
})
