import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Contract, parseContract } from '../../core/contract/contract.ts'
import { parseOutline } from '../../core/contract/descriptor.ts'
import { openDuck } from '../../core/duck/duckdb.ts'
import { Refused } from '../../core/errors.ts'
import { judge } from '../../core/judge/verdict.fixture.ts'
import { rejectsTable } from '../../core/rejects.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { eventsOf, rejectsOf, StreamLake } from './stream.fixture.ts'

/** By a stream, a record gets the verdict that it gets in its file: every case of core/corpus. */

const corpus = join(import.meta.dirname, '../../core/corpus')
const names = readdirSync(corpus).filter((name) => name !== 'packages')

/** Cases that cannot be compared, and why. */
const leftOut: Record<string, RegExp> = {
  'the rows are refused when they are judged, not when they are published':
    /^constraint-(bound-.*-no-value|enum-.*-another-type|pattern-.*-(not-built|re2-refuses))$/,
}
const skipped = names.filter((name) => Object.values(leftOut).some((one) => one.test(name)))
const cases = names.filter((name) => !skipped.includes(name))

/** In the order of records; rows sorted. */
interface Told {
  refused?: string
  rejects?: { record: number; line: number; raw: string; text: string; errors: object[] }[]
  rows?: (string | null)[][]
}

const duck = await openDuck()
const scratch = mkdtempSync(join(tmpdir(), 'sluice-stream-corpus-'))
afterAll(() => rmSync(scratch, { recursive: true }))

function descriptorOf(name: string, stream: object) {
  const descriptor = parse(readFileSync(join(corpus, name, 'datapackage.yaml'), 'utf8'))
  const [resource] = descriptor.resources
  resource.sluice = { ...resource.sluice, stream }
  return descriptor
}

function contractOf(name: string, descriptor: object): Contract {
  const file = `streaming/${name}/datapackage.json`
  return parseContract(parseOutline(JSON.stringify(descriptor), file), 0, file)
}

const pathOf = (descriptor: { resources: { path: string | string[] }[] }) =>
  [descriptor.resources[0]!.path].flat()[0]!

async function byFile(name: string, descriptor: ReturnType<typeof descriptorOf>): Promise<Told> {
  const key = `streaming/${name}/${pathOf(descriptor)}`
  try {
    // Keys and the ratio of rejects are looked at within an object only.
    const own = { keysOnce: false, maxRejectRatio: 1 }
    const contract = { ...contractOf(name, descriptor), ...own }
    const folder = mkdtempSync(join(scratch, 'file-'))
    const path = join(corpus, name, pathOf(descriptor))
    const { verdict, rows, rejects } = await judge({ duck, contract, path, key, folder })
    const texts = verdict.rejects
      ? await duck.all(`SELECT text FROM ${rejectsTable(verdict.rejects)} ORDER BY record`)
      : []
    const kept = rejects.map((one, i) => {
      return { ...one, raw: one.raw.toString('hex'), text: texts[i]![0] as string }
    })
    return { rejects: kept.map(plain), rows: sorted(rows) }
  } catch (error) {
    if (error instanceof Refused) return { refused: error.message }
    throw error
  }
}

/** Errors without a field or value say so in two ways. */
function plain<T extends { errors: object[] }>(one: T): T {
  const errors = one.errors.map((error) => ({ field: null, value: null, ...error }))
  return { ...one, errors }
}

function sorted(rows: (string | null)[][]) {
  return rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

async function byStream(
  lake: StreamLake<MemoryStream>,
  name: string,
  descriptor: ReturnType<typeof descriptorOf>,
): Promise<Told> {
  const { dataset, fields } = contractOf(name, descriptor)
  const kept = (await rejectsOf(lake.folder, dataset)).map((one) => {
    const { record, line, raw, text, errors } = one
    return { record: record!, line, raw: raw.toString('hex'), text, errors }
  })
  const events = await eventsOf(lake.folder, dataset)
  return {
    rejects: kept.map(plain).toSorted((a, b) => a.record - b.record),
    rows: sorted(events.map((row) => fields.map((field) => row[field.name] ?? null))),
  }
}

test('every case is one of these, or left out for a reason', () => {
  expect(cases.length).toBeGreaterThan(100)
  for (const [why, which] of Object.entries(leftOut)) {
    expect(
      names.filter((name) => which.test(name)),
      why,
    ).not.toEqual([])
  }
})

/** Where chunks are cut has to do with how records are written, not with what their values are. */
const aboutValues =
  /^(type|constraint|time|any|duration|string|number|integer|list|geo|json)[-a-z]*/

let turn = 0
const ways: [string, number, number | (() => number), boolean][] = [
  ['in one batch', 1, 10_000, false],
  ['a record or two at a time', 2, () => 1 + (turn++ % 2), false],
  ['scattered over shards by the first field', 2, 50, true],
]

describe.each(ways)('%s', (_, shards, size, scattered) => {
  const lake = new StreamLake(new MemoryStream('till', shards))
  afterAll(() => lake.close())
  const refusals = new Map<string, string | undefined>()
  const records = new Map<string, number>()

  const described = (name: string) => {
    const [first] = descriptorOf(name, {}).resources[0].schema?.fields ?? []
    return descriptorOf(name, scattered && first ? { partitionKey: first.name } : {})
  }
  const own = size === 10_000 ? cases : cases.filter((name) => !aboutValues.test(name))
  const keyOf = (name: string) => `streaming/${name}/${pathOf(described(name))}`

  beforeAll(async () => {
    for (const name of own) {
      const descriptor = described(name)
      lake.put(`streaming/${name}/datapackage.json`, JSON.stringify(descriptor))
      lake.put(keyOf(name), readFileSync(join(corpus, name, pathOf(descriptor))))
      const outcome = await lake.publish(keyOf(name))
      if (outcome?.status === 'refused') refusals.set(name, outcome.reason)
      else records.set(name, outcome?.records ?? -1)
    }
    await lake.drain({ size })
  })

  test.each(own)('%s', async (name) => {
    const descriptor = described(name)
    const file = await byFile(name, descriptor)
    if (file.refused !== undefined) return expect(refusals.get(name)).toBe(file.refused)
    expect(refusals.get(name)).toBe(undefined)
    const stream = await byStream(lake, name, descriptor)
    expect(stream).toEqual(file)
    const [accepted, rejected] = [file.rows!.length, file.rejects!.length]
    expect(records.get(name)).toBe(accepted + rejected)
    const publication = await lake.publication(keyOf(name))
    expect(publication).toMatchObject({
      status: 'published',
      records: accepted + rejected,
      rejected,
    })
  })

  test('nothing is there besides', async () => {
    expect(await rejectsOf(lake.folder, '_unknown')).toEqual([])
    expect(await lake.wrongCounts()).toEqual([])
  })
})
