import { execFile } from 'node:child_process'
import { hash } from 'node:crypto'
import * as fs from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deflateRawSync } from 'node:zlib'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Bundle, type BundleSpec, bundle } from './bundle.ts'
import { bundles } from './bundles.ts'

const root = join(import.meta.dirname, '..')
const run = promisify(execFile)

/** What only `bundles` of these names may hold: DuckDB, contracts, a client of AWS. */
const duckdb = ['THIRD-PARTY.txt', 'duckdb.node', 'index.mjs', 'libduckdb.so']
/** Those of the sample, and whatever others somebody has put beside them. */
const contracts = fs
  .globSync('{bronze,streaming}/**/datapackage.{json,yaml}', { cwd: join(root, 'data') })
  .map((path) => `contracts/${path}`)
  .toSorted()
const setup = ['THIRD-PARTY.txt', ...contracts, 'index.mjs', 'setup.sql']
const expected: Record<string, { files: string[]; clients: string[]; handlers: string[] }> = {
  'raw-ingestion': {
    files: duckdb,
    clients: ['rds-data', 's3', 'secrets-manager', 'sqs'],
    handlers: ['handler'],
  },
  silver: { files: duckdb, clients: ['s3', 'sqs'], handlers: ['handler'] },
  streaming: {
    files: duckdb,
    clients: ['kinesis', 's3', 'sqs'],
    handlers: ['handler', 'publishHandler'],
  },
  maintenance: { files: duckdb, clients: ['s3'], handlers: ['handler'] },
  setup: { files: setup, clients: ['rds-data', 's3', 'secrets-manager'], handlers: ['handler'] },
}

/** `e_machine` of an ELF file, by Lambda's word for the processor. */
const machines = { arm64: 183, x86_64: 62 } as const
const own = process.arch === 'arm64' ? 'arm64' : 'x86_64'

let outside: string
beforeAll(() => {
  outside = fs.mkdtempSync(join(tmpdir(), 'sluice-bundle-'))
})
afterAll(() => fs.rmSync(outside, { recursive: true, force: true }))

it('every function has a bundle that is looked at here', () => {
  expect(bundles.map(({ name }) => name).sort()).toEqual(Object.keys(expected).sort())
})

describe.each(['arm64', 'x86_64'] as const)('for %s', (architecture) => {
  describe.each(bundles)('$name', (spec) => {
    let made: Bundle
    beforeAll(() => {
      made = bundle(spec, architecture)
    })
    const content = (path: string) => fs.readFileSync(join(made.folder, path))

    it('holds these files and no other', () => {
      expect(made.files.map(({ path }) => path)).toEqual(expected[spec.name]?.files)
      const onDisk = fs.readdirSync(made.folder, { recursive: true, withFileTypes: true })
      expect(onDisk.filter((one) => one.isFile()).length).toBe(made.files.length)
    })

    it('is built for that processor', () => {
      const natives = made.files.filter(({ path }) => /\.(node|so)$/.test(path))
      for (const { path } of natives) {
        const head = content(path)
        expect(head.toString('latin1', 1, 4)).toBe('ELF')
        expect(head.readUInt16LE(18)).toBe(machines[architecture])
      }
    })

    it('is at most 40 MB when it is compressed', () => {
      const zipped = made.files.reduce((sum, { path }) => sum + deflated(content(path)), 0)
      expect(zipped).toBeLessThan(40e6)
    })

    it('is made of stages, core and packages, and of the clients that it uses', () => {
      const rooms = new Set(made.inputs.map((path) => path.split('/')[0]))
      expect([...rooms].sort()).toEqual(['core', 'functions', 'node_modules'])
      const clients = made.inputs.flatMap(
        (path) => /@aws-sdk\/client-([^/]+)/.exec(path)?.[1] ?? [],
      )
      expect([...new Set(clients)].sort()).toEqual(expected[spec.name]?.clients)
    })

    it('imports what Node has itself, and knows nothing of this machine', () => {
      const code = content('index.mjs').toString()
      const imported = [...code.matchAll(/^(?:import|export)\b[^'"`;]* from "([^"]+)"/gm)]
      expect(imported.length).toBeGreaterThan(5)
      expect(imported.map(([, name]) => name!).filter((name) => !isBuiltin(name))).toEqual([])
      expect(code).not.toContain(root)
    })
  })
})

/** The same library is in four bundles. */
const sizes = new Map<string, number>()
function deflated(content: Buffer): number {
  const digest = hash('sha256', content)
  const size = sizes.get(digest) ?? deflateRawSync(content, { level: 6 }).length
  sizes.set(digest, size)
  return size
}

it("npm is given our lock's hash of the library of both processors", () => {
  const { packages } = JSON.parse(fs.readFileSync(join(root, 'package-lock.json'), 'utf8'))
  for (const processor of ['arm64', 'x64']) {
    const locked = packages[`node_modules/@duckdb/node-bindings-linux-${processor}`]
    expect(locked, processor).toMatchObject({ integrity: expect.stringMatching(/^sha512-/) })
  }
})

describe.skipIf(process.platform !== 'linux')('outside the repository, without packages', () => {
  beforeAll(() => {
    for (const spec of bundles) {
      fs.cpSync(bundle(spec, own).folder, join(outside, spec.name), { recursive: true })
    }
  })

  it.each(bundles)('$name loads and has its handlers', async ({ name }) => {
    const script = `import(process.argv[1]).then((all) => console.log(Object.keys(all).join()))`
    const { stdout } = await run(process.execPath, ['-e', script, `./${name}/index.mjs`], {
      cwd: outside,
    })
    expect(stdout.trim().split(',')).toEqual(expect.arrayContaining(expected[name]!.handlers))
  })

  it('silver turns a file into Parquet', async () => {
    const lake = join(outside, 'lake')
    const field = (name: string, type: string) => ({ name, type })
    const schema = { fields: [field('id', 'integer'), field('name', 'string')] }
    put(lake, 'bronze/p/datapackage.json', {
      name: 'p',
      resources: [{ name: 't', path: 't.csv', schema }],
    })
    fs.writeFileSync(join(lake, 'bronze/p/t.csv'), 'id,name\n1,a\n2,é\n')
    const event = {
      Records: [
        { eventSource: 'aws:s3', s3: { bucket: { name: 'l' }, object: { key: 'bronze/p/t.csv' } } },
      ],
    }
    const script = `import { handler } from './silver/index.mjs'
      await handler(${JSON.stringify(event)})`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      cwd: outside,
      env: { PATH: process.env.PATH, LAKE_URL: lake },
    })
    expect(stdout).toContain('loaded')
    const [file] = fs.globSync('silver/p/t/*.parquet', { cwd: lake })
    const content = fs.readFileSync(join(lake, file!))
    const bytes = content.buffer.slice(content.byteOffset, content.byteOffset + content.length)
    expect(await parquetReadObjects({ file: bytes as ArrayBuffer, compressors })).toEqual([
      { id: 1n, name: 'a' },
      { id: 2n, name: 'é' },
    ])
  })
})

function put(lake: string, key: string, content: object): void {
  fs.mkdirSync(join(lake, key, '..'), { recursive: true })
  fs.writeFileSync(join(lake, key), JSON.stringify(content))
}

describe('making a bundle', () => {
  const made = (spec: Partial<BundleSpec> & { name: string }) =>
    bundle({ entry: 'functions/setup/handler.ts', duckdb: false, ...spec }, own)
  const contentOf = ({ folder, files }: Bundle) =>
    files.map(({ path }) => [path, fs.readFileSync(join(folder, path), 'base64')])
  const scratch = 'test-'
  afterAll(() => {
    const folder = join(root, '.sluice/bundles')
    for (const name of fs.readdirSync(folder)) {
      if (name.startsWith(scratch)) fs.rmSync(join(folder, name), { recursive: true })
    }
  })

  it('gives the same bytes again', () => {
    const again = { entry: 'functions/streaming/handler.ts', duckdb: true }
    const [one, two] = ['one', 'two'].map((name) => made({ ...again, name: scratch + name }))
    expect(contentOf(one!)).toEqual(contentOf(two!))
  })

  it('leaves a folder alone that would not change, and renews one that would', () => {
    const text = join(outside, 'text')
    const spec = { name: `${scratch}again`, files: [{ from: text, to: 'a/text' }] }
    fs.writeFileSync(text, 'old')
    const { folder } = made(spec)
    const { ino } = fs.statSync(folder)
    fs.writeFileSync(text, 'old')
    made(spec)
    expect(fs.statSync(folder).ino).toBe(ino)
    fs.writeFileSync(text, 'new')
    made(spec)
    expect(fs.readFileSync(join(folder, 'a/text'), 'utf8')).toBe('new')
  })

  it('can be read by whoever runs it, whatever the umask', async () => {
    const spec = { name: `${scratch}umask`, entry: 'functions/setup/handler.ts', duckdb: false }
    const script = `import { bundle } from ${JSON.stringify(join(root, 'infra/bundle.ts'))}
      process.umask(0o077)
      console.log(bundle(${JSON.stringify(spec)}, '${own}').folder)`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script])
    const modes = ['', 'index.mjs'].map((path) => fs.statSync(join(stdout.trim(), path)).mode)
    expect(modes.map((mode) => mode & 0o777)).toEqual([0o755, 0o644])
  })

  it.each([
    ['functions/setup/handler.ts', true, 'does not import DuckDB; set duckdb: false'],
    ['functions/silver/handler.ts', false, 'imports DuckDB'],
  ])('refuses %s with duckdb: %s', (entry, duckdb, complaint) => {
    const name = `${scratch}refused`
    expect(() => made({ name, entry, duckdb })).toThrow(`bundle ${name}: ${entry} ${complaint}`)
    expect(fs.existsSync(join(root, '.sluice/bundles', `${name}-${own}`))).toBe(false)
  })

  it('leaves a whole folder, if several make it at once, of the same sources or not', async () => {
    const spec = { name: `${scratch}race`, entry: join(outside, 'entry.ts'), duckdb: false }
    fs.writeFileSync(spec.entry, 'export const handler = () => 1')
    const workers = ['a', 'b', 'b'].map((who) => {
      const files = ['1', '2', '3'].map((to) => ({ from: join(outside, who), to }))
      fs.writeFileSync(join(outside, who), who)
      const script = `import { bundle } from ${JSON.stringify(join(root, 'infra/bundle.ts'))}
        for (let i = 0; i < 25; i++) bundle(${JSON.stringify({ ...spec, files })}, '${own}')`
      return run(process.execPath, ['--input-type=module', '-e', script])
    })
    await Promise.all(workers)
    const folder = join(root, '.sluice/bundles', `${spec.name}-${own}`)
    expect(fs.readdirSync(folder)).toEqual(['1', '2', '3', 'THIRD-PARTY.txt', 'index.mjs'])
    const told = ['1', '2', '3'].map((path) => fs.readFileSync(join(folder, path), 'utf8'))
    expect(new Set(told).size).toBe(1)
  })

  it('leaves no draft behind', () => {
    const drafts = fs
      .readdirSync(join(root, '.sluice'))
      .filter((name) => name.startsWith(`draft-${scratch}`))
    expect(drafts).toEqual([])
  })
})
