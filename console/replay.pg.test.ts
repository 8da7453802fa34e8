import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { beforeEach, expect, test } from 'vitest'
import { fixLines } from '../core/replay/fix-lines.ts'
import { files, raw } from '../functions/raw.fixture.ts'
import { etagOf, replayOf } from '../functions/replay.fixture.ts'
import { resource, runSilver, storeWith } from '../functions/stages.fixture.ts'
import { Api } from './api.fixture.ts'
import type { Failure, Mended } from './shapes.ts'

/** Mended rows lie in Bronze; the stages load them, as they load any object. */

const source = 'bronze/p/t/a.csv'
const LEFT_OUT = 'left out'
const nothing: Mended = { went: 0, same: 0, stay: [], keys: [] }

let api: Api
beforeEach(async () => {
  api = new Api(files.lake, { database: raw.database })
  files.describe('p', resource('t', ['id:integer', 'name'], { primaryKey: 'id' }))
})

async function load(lines: string[], key = source): Promise<void> {
  files.put(key, `id,name\n${lines.join('\n')}\n`)
  await raw.run(key)
}

async function mend(record: number, cells: Record<string, string>, own: object = {}) {
  const all = Object.entries(cells).map(([label, value]) => ({ label, value }))
  const given = all.filter(({ value }) => value !== LEFT_OUT)
  const version = await etagOf(files, source)
  return api.post<Mended>('/replay/row', { object: source, version, record, cells: given, ...own })
}

async function rows(): Promise<unknown[][]> {
  return raw.table('p.t')
}

test('a mended row goes, once, and is loaded like any object', async () => {
  await load(['1,Ana', 'x,"Bia, ""B"""', 'y,Caio'])
  const keys = [replayOf(source)]
  expect(await mend(2, { id: '2', name: 'Bia, "B"' })).toEqual({ ...nothing, went: 1, keys })
  expect(await rows()).toEqual([[1, 'Ana']])
  expect(await mend(2, { name: 'Bia, "B"', id: '2' })).toEqual({ ...nothing, went: 1, keys })
  expect(await raw.run(...keys)).toMatchObject([{ status: 'loaded', accepted: 1 }])
  expect(await runSilver(files.lake, ...keys)).toMatchObject([{ status: 'loaded', accepted: 1 }])
  expect(await rows()).toEqual([
    [1, 'Ana'],
    [2, 'Bia, "B"'],
  ])
  expect(await mend(3, { id: '3', name: 'Caio' })).toMatchObject({ went: 1 })
  await raw.run(...keys)
  expect(await rows()).toHaveLength(3)
})

test('two mends of one object at the same time are both there', async () => {
  await load(['x,Ana', 'y,Bia'])
  await Promise.all([mend(1, { id: '1', name: 'Ana' }), mend(2, { id: '2', name: 'Bia' })])
  await raw.run(replayOf(source))
  expect(await rows()).toHaveLength(2)
})

test('what is still wrong stays, with its errors', async () => {
  await load(['1,Ana', 'x,Bia'])
  expect(await mend(2, { id: 'xx', name: 'Bia' })).toEqual({
    ...nothing,
    stay: [
      {
        ...{ object: source, line: null, record: 2 },
        errors: [
          {
            rule: 'type-error',
            field: 'id',
            value: 'xx',
            message: expect.stringContaining('whole'),
          },
        ],
      },
    ],
  })
  expect(await files.lake.store.head(replayOf(source))).toBeUndefined()
})

test('a row that is as it was is the same', async () => {
  await load(['x,Bia'])
  expect(await mend(1, { id: 'x', name: 'Bia' })).toEqual({ ...nothing, same: 1 })
})

test.each<[string, Record<string, string>, object, string]>([
  ['another version', {}, { version: 'old' }, 'superseded'],
  ['no such record', {}, { record: 1 }, 'unknown'],
  ['no such object', {}, { object: 'bronze/p/t/none.csv' }, 'unknown'],
  ['a key that leads out', {}, { object: '../../etc/passwd' }, 'unknown'],
  ['a key with a NUL', {}, { object: 'bronze/p/t/a\0.csv' }, 'unknown'],
  ['a replay object', {}, { object: replayOf(source) }, 'unknown'],
  ['a column left out', { name: LEFT_OUT }, {}, 'missing-label'],
  ['a cell of no column', { more: 'x' }, {}, 'extra-label'],
  ['a cell behind the last', { '': 'x' }, {}, 'extra-cell'],
  ['a NUL in a cell', { name: 'B\0' }, {}, 'encoding-error'],
  ['an empty row', { id: '', name: '' }, {}, 'blank-row'],
])('%s: the row stays', async (_, cells, own, rule) => {
  await load(['1,Ana', 'x,Bia'])
  const { stay, ...counts } = await mend(2, { id: '2', name: 'Bia', ...cells }, own)
  expect(stay).toMatchObject([{ line: null, errors: [{ rule }] }])
  expect(counts).toEqual({ went: 0, same: 0, keys: [] })
})

test('a label twice: the row stays, as either cell may be meant', async () => {
  await load(['x,Ana'])
  const cells = ['id', 'name', 'id'].map((label, i) => ({ label, value: `${i}` }))
  const { stay, went } = await mend(1, {}, { cells })
  expect([went, stay[0]!.errors[0]!.rule]).toEqual([0, 'duplicate-label'])
})

test('of thousands of lines that mend one record, each tells of a few others', async () => {
  await load(['x,Ana'])
  const file = await text(Readable.from(fixLines(files.lake.store, raw.database, 'p.t')))
  const [header, line] = file.split('\n')
  const lines = Array.from({ length: 2_000 }, (_, i) => line!.replace(/Ana$/, `${i}`))
  const { body } = await api.send('/replay/file', [header, ...lines].join('\n'))
  const { stay } = body as Mended
  expect(stay).toHaveLength(2_000)
  expect(stay.at(-1)!.errors[0]!.message).toContain('lines 2, 3, 4, 5, 6, … mend this one record')
})

test('an empty cell of no column is nothing', async () => {
  await load(['x,Ana'])
  expect(await mend(1, { id: '1', name: 'Ana', more: '' })).toMatchObject({ went: 1 })
})

test('a record that had a cell too many goes without it', async () => {
  await load(['1,Ana', '2,Bia,x'])
  expect(await mend(2, { id: '2', name: 'Bia', '': '' })).toMatchObject({ went: 1 })
})

test('a record that could not be cut goes with all of its cells', async () => {
  await load(['1,Ana', '2,"Bia'])
  expect(await mend(2, { id: '2', name: 'Bia' })).toMatchObject({ went: 1 })
})

test.each([
  '{"object": "a", "version": "b", "record": 0, "cells": []}',
  '{"object": "a", "version": "b", "record": 1.5, "cells": []}',
  '{"object": "a", "version": "b", "record": 1}',
  '{"object": "a", "version": "b", "record": 1, "cells": [{"label": "id", "value": 1}]}',
  '{"object": "a", "version": "b", "record": 1, "cells": [{"label": "id", "value": "\\ud800"}]}',
])('%s is refused', async (body) => {
  expect((await api.send('/replay/row', body)).status).toBe(400)
})

test('where others mend the same object again and again, it is told', async () => {
  await load(['x,Ana'])
  const store = storeWith(files.lake.store, { put: async () => undefined })
  api = new Api({ ...files.lake, store }, { database: raw.database })
  const body = { object: source, version: await etagOf(files, source), record: 1 }
  const cells = [
    { label: 'id', value: '1' },
    { label: 'name', value: 'Ana' },
  ]
  expect(await api.send('/replay/row', { ...body, cells })).toMatchObject({ status: 409 })
})

test('a mended file of several objects goes, and what does not is told by its line', async () => {
  const other = 'bronze/p/t/b.csv'
  await load(['x,Ana', 'y,Bia'])
  await load(['10,Caio', 'z,Davi', 'zz,Eva'], other)
  const file = await text(Readable.from(fixLines(files.lake.store, raw.database, 'p.t')))
  const mended = file
    .replace(/,x,Ana\n/, ',1,Ana\n')
    .replace(/,z,Davi\n/, ',11,Davi\n')
    .replace(/,zz,Eva\n/, ',1.5,Eva\n')
  const told = await api.post<Mended>('/replay/file', mended, 'text/csv')
  expect(told).toEqual({
    ...{ went: 2, same: 1, keys: [replayOf(source), replayOf(other)] },
    stay: [
      {
        ...{ object: other, line: 5, record: 3 },
        errors: [{ rule: 'type-error', field: 'id', value: '1.5', message: expect.any(String) }],
      },
    ],
  })
  await raw.run(...told.keys)
  expect(await rows()).toEqual([
    [1, 'Ana'],
    [10, 'Caio'],
    [11, 'Davi'],
  ])
})

test.each<[string, string | Buffer, string]>([
  ['no file of rejects', 'a,b\n1,2\n', 'has no column _object'],
  ['nothing', '', 'has no column _object'],
  ['a broken quote', '_object,_version,_record,id\nx,v,1,"2\n', 'a quoted cell that is broken'],
  ['no UTF-8', Buffer.from('_object,_version,_record,id\n\xe9,v,1,2\n', 'latin1'), 'is not UTF-8'],
])('%s is refused', async (_, body, why) => {
  const init = { method: 'POST', body, headers: { 'content-type': 'text/csv' } }
  const { status, body: told } = await api.ask('/replay/file', init)
  expect([status, (told as Failure).error]).toEqual([400, expect.stringContaining(why)])
})
