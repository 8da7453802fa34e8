import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resource, TestLake } from '../functions/stages.fixture.ts'
import { type Asked, jsonOf, type Sent, served } from './served.fixture.ts'
import type { DropAnswer } from './shapes.ts'

const LIMIT = 1_000

let files: TestLake
let console: Asked
beforeEach(async () => {
  files = new TestLake()
  console = await served(files.lake, { uploadLimit: LIMIT })
})
afterEach(async () => {
  await console.close()
  files.close()
})

function drop(place: Record<string, string>, body: Sent | undefined = 'id\n1\n') {
  return console.post(`/api/drop?${new URLSearchParams(place)}`, body)
}

/** Every file of the lake, work in progress too; but the lock. */
function all(): string[] {
  const found = readdirSync(files.folder, { recursive: true, withFileTypes: true })
  return found
    .filter((one) => one.isFile() && !one.name.startsWith('lock'))
    .map((one) => join(one.parentPath, one.name).slice(files.folder.length + 1))
    .sort()
}

const content = (key: string) => readFileSync(join(files.folder, key), 'utf8')

describe('a file that is dropped', () => {
  it('lands in Bronze, byte for byte, and nothing else does', async () => {
    const body = 'id,name\n1,é\r\n2,"a\nb"\n'
    const answer = await drop({ package: 'eu/shop', name: 'orders/2026-04.csv' }, body)
    expect(answer.status).toBe(200)
    const { key, etag } = await jsonOf<DropAnswer>(answer)
    expect(key).toBe('bronze/eu/shop/orders/2026-04.csv')
    expect(content(key)).toBe(body)
    expect((await files.lake.store.head(key))?.etag).toBe(etag)
    expect(all()).toEqual([key])
  })

  it('of exactly the limit is taken, whatever its bytes', async () => {
    const bytes = Buffer.alloc(LIMIT, 0)
    expect((await drop({ package: 'p', name: 'a.csv.gz' }, bytes)).status).toBe(200)
    expect(content('bronze/p/a.csv.gz').length).toBe(LIMIT)
  })

  it('below streaming/ may be JSON of a line each', async () => {
    const place = { tree: 'streaming', package: 'till', name: 'a.ndjson' }
    expect((await drop(place, '{}\n')).status).toBe(200)
    expect(content('streaming/till/a.ndjson')).toBe('{}\n')
  })

  it('may be a descriptor, a schema, or what a contract names', async () => {
    files.describe('p', { ...resource('t', ['id']), path: 'data.txt' })
    for (const name of ['data.txt', 't/any.dat', 'schema.json', 'datapackage.yaml']) {
      expect((await drop({ package: 'p', name })).status).toBe(200)
    }
  })
})

describe('a name that is taken', () => {
  const place = { package: 'p', name: 'a.csv' }

  it('is told, and what is there stays', async () => {
    const { etag } = await jsonOf<DropAnswer>(await drop(place, 'id\n1\n'))
    const answer = await drop(place, 'id\n2\n')
    expect(answer.status).toBe(409)
    expect(await jsonOf(answer)).toEqual({ error: expect.stringContaining('name'), there: etag })
    expect(content('bronze/p/a.csv')).toBe('id\n1\n')
    expect(all()).toEqual(['bronze/p/a.csv'])
  })

  it('is told before any byte has come', async () => {
    await drop(place)
    const query = `/api/drop?${new URLSearchParams(place)}`
    const told = await sendRaw(`${headOf(query)}content-length: 500\r\n\r\n`)
    expect(told).toMatch(/^HTTP\/1.1 409 /)
  })

  it('is replaced by who says which version', async () => {
    const { etag } = await jsonOf<DropAnswer>(await drop(place, 'id\n1\n'))
    const answer = await drop({ ...place, replaces: etag }, 'id\n2\n')
    expect(answer.status).toBe(200)
    expect(content('bronze/p/a.csv')).toBe('id\n2\n')
    const late = await drop({ ...place, replaces: etag }, 'id\n3\n')
    expect(late.status).toBe(409)
    expect((await jsonOf(late)).there).toBe((await jsonOf(answer)).etag)
    expect(content('bronze/p/a.csv')).toBe('id\n2\n')
  })

  it('is free again where it is gone, and who would replace it is told', async () => {
    const { etag } = await jsonOf<DropAnswer>(await drop(place))
    files.remove('bronze/p/a.csv')
    const answer = await drop({ ...place, replaces: etag })
    expect(answer.status).toBe(409)
    expect(await jsonOf(answer)).toMatchObject({ there: null })
    expect(all()).toEqual([])
  })

  it('goes to one of two that drop at once', async () => {
    const both = await Promise.all(['1', '2'].map((id) => drop(place, `id\n${id}\n`)))
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
  })
})

describe('nothing lands, and nothing is left behind,', () => {
  afterEach(() => expect(all()).toEqual([]))

  it('of an empty file', async () => {
    const path = '/api/drop?package=p&name=a.csv'
    for (const body of ['', undefined]) {
      const answer = await console.post(path, body)
      expect(answer.status).toBe(400)
      expect((await jsonOf(answer)).error).toContain('empty')
    }
  })

  it('of one that is too large, said so or not', async () => {
    const place = { package: 'p', name: 'a.csv' }
    const announced = await drop(place, 'x'.repeat(LIMIT + 1))
    expect(announced.status).toBe(413)
    expect((await jsonOf(announced)).error).toContain('1,000 bytes')
    const query = `/api/drop?${new URLSearchParams(place)}`
    // Nobody waits for bytes that will not be taken.
    const early = await sendRaw(`${headOf(query)}content-length: ${LIMIT + 1}\r\n\r\n`)
    expect(early).toMatch(/^HTTP\/1.1 413 /)
    const chunks = ['x'.repeat(LIMIT), 'x']
    const told = await sendRaw(
      `${headOf(query)}transfer-encoding: chunked\r\n\r\n${chunked(chunks)}`,
    )
    expect(told).toMatch(/^HTTP\/1.1 413 /)
  })

  it('of one that is cut off', async () => {
    const query = `/api/drop?${new URLSearchParams({ package: 'p', name: 'a.csv' })}`
    await sendRaw(`${headOf(query)}content-length: 500\r\n\r\nid\n1\n`, true)
    await sendRaw(`${headOf(query)}transfer-encoding: chunked\r\n\r\n5\r\nid\n1\n\r\n`, true)
    // What was cut off is over once nothing of it lies in the lake's own folder.
    const scratch = join(files.folder, '.sluice/tmp')
    await expect.poll(() => (existsSync(scratch) ? readdirSync(scratch) : [])).toEqual([])
  })

  it('under a name that says another place', async () => {
    mkdirSync(join(files.folder, 'bronze'), { recursive: true })
    const link = join(files.folder, 'bronze/link')
    symlinkSync(files.folder, link)
    for (const [folder, name] of [
      ['..', 'a.csv'],
      ['p', '../../a.csv'],
      ['p', '..'],
      ['p', '%2e%2e/a.csv'],
      ['/etc', 'a.csv'],
      ['p', '/etc/a.csv'],
      ['p', 'a\0.csv'],
      ['p', 'a\\b.csv'],
      ['p', `${'x'.repeat(256)}.csv`],
      ['p', `${'x/'.repeat(600)}a.csv`],
      ['link', 'a.csv'],
      ['p', ''],
      ['', 'a.csv'],
    ]) {
      const answer = await drop({ package: folder!, name: name! })
      expect({ folder, name, status: answer.status }).toEqual({ folder, name, status: 400 })
      expect((await jsonOf(answer)).error).not.toContain(files.folder)
    }
    unlinkSync(link)
  })

  it.each([
    ['.hidden.csv', 'passed over'],
    ['a.csv.part', 'passed over'],
    ['x/.sluice/a.csv', 'passed over'],
    ['a.csv~', 'passed over'],
    ['_replay/orders/0123456789abcdef.csv', 'Rejects'],
    ['datapackage.proposed.yaml', 'datapackage.yaml'],
    ['a.zip', 'as it is or as .gz'],
    ['a.csv.bz2', 'as it is or as .gz'],
    ['a.ndjson', 'streaming/'],
    ['README.md', 'call it .csv'],
    ['script.html', 'call it .csv'],
  ])('under the name %s, and what to do is told', async (name, cure) => {
    const answer = await drop({ package: 'p', name })
    expect(answer.status).toBe(400)
    expect((await jsonOf(answer)).error).toContain(cure)
  })

  it('below another tree', async () => {
    for (const tree of ['silver', 'quarantine', '.sluice', 'streaming_results', '']) {
      expect((await drop({ tree, package: 'p', name: 'a.csv' })).status).toBe(400)
    }
  })

  it('by a GET', async () => {
    const answer = await console.ask('/api/drop?package=p&name=a.csv')
    expect(answer.status).toBe(404)
  })
})

function headOf(path: string): string {
  const host = `127.0.0.1:${console.port}`
  return [
    ...[`POST ${path} HTTP/1.1`, `host: ${host}`, `origin: http://${host}`, 'x-sluice: 1'],
    'connection: close\r\n',
  ].join('\r\n')
}

function chunked(chunks: string[]): string {
  const parts = chunks.map((one) => `${one.length.toString(16)}\r\n${one}\r\n`)
  return `${parts.join('')}0\r\n\r\n`
}

/** Sends these bytes alone. @returns what is answered; nothing where the connection is cut */
async function sendRaw(bytes: string, isCut = false): Promise<string> {
  const socket = connect(console.port, '127.0.0.1')
  socket.write(bytes)
  let answer = ''
  if (isCut) {
    // The server works on it once it has made a place for its bytes.
    const scratch = join(files.folder, '.sluice/tmp')
    const count = () => (existsSync(scratch) ? readdirSync(scratch).length : 0)
    await expect.poll(count).toBeGreaterThan(0)
    socket.destroy()
    return ''
  }
  for await (const chunk of socket.setEncoding('utf8')) answer += chunk
  return answer
}
