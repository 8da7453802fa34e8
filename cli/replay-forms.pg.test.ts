import { readFileSync, writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, test } from 'vitest'
import { resource } from '../functions/stages.fixture.ts'
import { rejectsCommand } from './rejects.ts'
import {
  changed,
  described,
  files,
  fix,
  fixPath,
  linesOf,
  load,
  raw,
  replay,
  rows,
  run,
  source,
} from './replay.fixture.ts'
import { replayCommand } from './replay.ts'

/** What people and spreadsheets make of a file of rejects. */

test('too many cells, too few, or none are mended; and not by doing nothing', async () => {
  described('append', 'name', 'city')
  files.put(source, 'id,name,city\n1,Ana,\n2,B,i,a\n3,Caio\n"4,Davi,X\n5,Eva\n')
  await load(source)
  expect(linesOf((await replay(await fix())).out)).toMatchObject([{ went: 0, same: 4 }])
  const text = readFileSync(fixPath(), 'utf8').split('\n')
  expect(text[1]?.endsWith('2,B,i,a')).toBe(true)
  text[1] = changed(text[1]!, '2,B,i,a', '2,Bia,Rio')
  text[2] = text[2]!.replace(/3,Caio,$/, '3,Caio,Ouro Preto')
  text[3] = text[3]!.replace(/,,,$/, ',4,Davi,')
  // The city of record 5 is not known: who takes the errors out says that it is right so.
  text[4] = text[4]!.replace('missing-cell: 2 cells; the header has 3', '').replace('""', '')
  writeFileSync(fixPath(), text.join('\n'))
  expect(linesOf((await replay(fixPath())).out)[0]).toMatchObject({ went: 4, stay: 0, same: 0 })
  expect(await rows()).toEqual([
    [1, 'Ana', null],
    [2, 'Bia', 'Rio'],
    [3, 'Caio', 'Ouro Preto'],
    [4, 'Davi', null],
    [5, 'Eva', null],
  ])
})

test('several objects, other headers, another dialect and encoding, names of ours', async () => {
  const fields = ['_record:integer', '__object'].map((field) => {
    const [name, type = 'string'] = field.split(':')
    return { name, type }
  })
  files.describe('p', resource('t', ['id:integer', 'name']), {
    ...{ name: 'u', path: 'u/1.csv', encoding: 'latin-1', dialect: { delimiter: ';' } },
    schema: { fields, fieldsMatch: 'equal' },
  })
  files.put(source, 'id,name\nx,Ana\n')
  files.put('bronze/p/u/1.csv', Buffer.from('__object;_record\né;y\n', 'latin1'))
  await load(source, 'bronze/p/u/1.csv')
  await fix()
  const [header] = readFileSync(fixPath(), 'utf8').split('\n')
  expect(header).toBe(
    '\ufeff___object,___version,___record,___line,___errors,___raw,id,name,__object,_record',
  )
  const text = readFileSync(fixPath(), 'utf8')
  const mended = text.replace(',x,Ana,', ',1,Ana,').replace('é,y', 'é,2')
  // As a spreadsheet saves it.
  const table = mended.replace(/,(?=(?:[^"\n]*"[^"\n]*")*[^"\n]*$)/gm, ';').replaceAll('\n', '\r\n')
  writeFileSync(fixPath(), table)
  expect((await replay(fixPath())).code).toBe(0)
  expect(await rows()).toEqual([[1, 'Ana']])
  expect(await rows('p.u')).toEqual([[2, 'é']])
})

describe('what cannot be taken is told', () => {
  beforeEach(async () => {
    described('append', 'name')
    files.put(source, 'id,name\n1,Ana\nx,Bia\n')
    await load(source)
    await fix(['x,Bia', '2,Bia'])
  })

  const edit = (change: (text: string) => string | Buffer) => {
    writeFileSync(fixPath(), change(readFileSync(fixPath(), 'utf8')))
    return replay(fixPath())
  }

  test.each([
    ['an object that nobody knows', 'bronze/p/t/a.csv', 'bronze/p/t/b.csv', 'unknown'],
    ['a record that was not rejected', ',2,3,', ',1,3,', 'unknown'],
    ['a record that is no number', ',2,3,', ',two,3,', 'unknown'],
    ['cells behind the last column', '2,Bia\n', '2,Bia,or so\n', 'extra-cell'],
    ['a row of nothing', '2,Bia\n', ',\n', 'blank-row'],
    ['a replay object', 'bronze/p/t/a.csv', 'bronze/p/_replay/t/0123456789abcdef.csv', 'unknown'],
  ])('%s', async (_, from, to, rule) => {
    const { out, code } = await edit((text) => changed(text, from, to))
    expect(code).toBe(3)
    expect(linesOf(out)[1]).toMatchObject({ line: 2, rule })
    expect(await rows()).toEqual([[1, 'Ana']])
  })

  test.each([
    [
      'a column of ours that is missing',
      (text: string) => text.replace('_version', 'v'),
      /_version/,
    ],
    ['no header', () => '1,2\n', /has no column _object/],
    ['another encoding', () => Buffer.from('_object,é\n', 'latin1'), /is not UTF-8: save it as/],
    ['a broken quote', (text: string) => `${text}"`, /line 3 has a quoted cell that is broken/],
  ])('%s', async (_, change, message) => {
    await expect(edit(change)).rejects.toThrow(message)
    await expect(replay()).rejects.toThrow(/^give a file .*; or --all with a dataset$/)
  })

  test('a column of the object that is missing', async () => {
    const { out } = await edit((text) => text.replaceAll(/,[^,\n]*(?=\n)/g, ''))
    expect(linesOf(out)[1]).toMatchObject({ rule: 'missing-label' })
  })
})

test('lines that mend one record in different ways all stay, and each is told', async () => {
  described('upsert', 'name')
  files.put(source, 'id,name\nx,Ana\ny,Bia\nz,Caio\n')
  await load(source)
  const lines = readFileSync(await fix(), 'utf8')
    .trimEnd()
    .split('\n')
  const [ana, bia, caio] = lines.slice(1).map((line, i) => changed(line, 'xyz'[i]!, `${i + 1}`))
  const both = [ana, changed(ana!, 'Ana', 'Ada'), bia, bia, caio!.replace(/,3,4,/, ',1.000,4,')]
  writeFileSync(fixPath(), [lines[0], ...both].join('\n'))
  const { out, code } = await replay(fixPath())
  const [told, ...stay] = linesOf(out)
  expect(told).toMatchObject({ went: 1, stay: 3 })
  expect(stay.slice(0, 3).map(({ line, record, rule }) => [line, record, rule])).toEqual([
    [6, null, 'unknown'],
    [2, 1, 'twice'],
    [3, 1, 'twice'],
  ])
  expect(stay[1].message).toContain('lines 2, 3 mend this one record')
  expect(code).toBe(3)
  expect(await rows()).toEqual([[2, 'Bia']])
})

test('a value whose field the contract no longer has is not lost', async () => {
  const fields = ['id:integer', 'name', 'note']
  files.describe('p', resource('t', fields, { primaryKey: 'id' }))
  files.put(source, 'id,name,note\nx,Ana,dear\ny,Bia,\n')
  await load(source)
  await fix(['x,Ana', '1,Ana'], ['y,Bia', '2,Bia'])
  for (const fieldsMatch of ['exact', 'subset']) {
    files.describe('p', resource('t', fields.slice(0, 2), { primaryKey: 'id', fieldsMatch }))
    const [told, stay] = linesOf((await replay(fixPath())).out)
    if (fieldsMatch === 'subset') expect(told).toMatchObject({ went: 1, there: 1, stay: 0 })
    else {
      expect(told).toMatchObject({ went: 1, stay: 1 })
      expect(stay).toMatchObject({ line: 2, record: 1, rule: 'extra-label' })
      const { out } = await run(replayCommand(), '--all', 'p.t', '--json')
      expect(linesOf(out).filter(({ rule }) => rule)).toMatchObject([{ rule: 'extra-label' }])
    }
  }
  expect(await raw.query('SELECT id, name, note FROM p.t ORDER BY id')).toEqual([
    { id: 1, name: 'Ana', note: null },
    { id: 2, name: 'Bia', note: null },
  ])
})

test('a dataset that nobody knows is told, with those that are known', async () => {
  described('upsert', 'name')
  files.put(source, 'id,name\n1,Ana\n')
  await load(source)
  const why = 'no object of dataset p.x was taken; datasets here: p.t'
  await expect(run(replayCommand(), '--all', 'p.x')).rejects.toThrow(why)
  await expect(run(rejectsCommand(), 'p.x', '--csv')).rejects.toThrow(why)
  expect(await run(rejectsCommand(), 'p.t', '--csv')).toMatchObject({ code: 0 })
  expect(await run(replayCommand(), '--all', 'p.t')).toMatchObject({ code: 0 })
})
