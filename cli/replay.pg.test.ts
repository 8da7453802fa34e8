import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { type FixRow, readFixFile } from '../core/replay/fix-file.ts'
import { mendRows } from '../core/replay/mending.ts'
import { replayOf } from '../functions/replay.fixture.ts'
import { resource } from '../functions/stages.fixture.ts'
import { rejectsCommand } from './rejects.ts'
import {
  database,
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
  status,
} from './replay.fixture.ts'
import { replayCommand } from './replay.ts'
import { statusCommand } from './status.ts'

/** Rejects, mended in a file, are in Postgres and in Silver once, however often it is replayed. */

describe.each(['append', 'upsert'])('%s', (how) => {
  test('drop, mend some, replay twice, mend the rest, replay', async () => {
    described(how, 'name')
    files.put(source, 'id,name\n1,Ana\nx,"Bia, ""B"""\ny,Caio\n')
    expect((await load(source)).code).toBe(3)
    await fix(['x,"Bia', '2,"Bia'])
    const first = await replay(fixPath())
    expect(linesOf(first.out)[0]).toMatchObject({ object: source, went: 1, stay: 0, same: 1 })
    expect(first.code).toBe(3)
    const written = readFileSync(join(files.folder, replayOf(source)))
    const version = await files.lake.store.head(replayOf(source))
    const again = await replay(fixPath())
    expect(linesOf(again.out)[0]).toMatchObject({ went: 0, there: 1, stay: 0, same: 1 })
    expect(readFileSync(join(files.folder, replayOf(source)))).toEqual(written)
    expect(await files.lake.store.head(replayOf(source))).toEqual(version)
    expect(await rows()).toEqual([
      [1, 'Ana'],
      [2, 'Bia, "B"'],
    ])
    expect(await status()).toEqual({ code: 3, counts: [3, 1, 1, 0, 1] })
    expect((await run(rejectsCommand(), '--mended', '--json')).out).toContain('"record":2')
    expect((await run(rejectsCommand(), '--json')).out).not.toContain('"record":2')
    const last = await replay(await fix(['y,Caio', '3,Caio']))
    expect(last.code).toBe(0)
    const over = await run(replayCommand(), fixPath())
    expect(over.out).toMatch(/^0 rows go, 1 is there already, 0 stay rejected\.\n/)
    expect(over.code).toBe(0)
    const all = await run(replayCommand(), '--all', 'p.t')
    expect(all).toEqual({ out: 'the rejects of p.t: no row is left to be mended.\n', code: 0 })
    const other = readFileSync(fixPath(), 'utf8').replace(/Caio\n$/, 'Caíque\n')
    writeFileSync(fixPath(), other)
    expect((await run(replayCommand(), fixPath())).out).toMatch(/^1 row goes, 0 stay rejected\./)
    expect((await rows()).length).toBe(3)
    expect(await status()).toEqual({ code: 0, counts: [3, 1, 0, 0, 2] })
    expect((await run(rejectsCommand())).out).toBe('Nothing was rejected.\n')
    expect((await run(statusCommand())).out).toContain('0 rejected, 0 waiting, 2 mended.\n')
  })

  test('a newer version of the object makes its mends void, and the file old', async () => {
    described(how, 'name')
    files.put(source, 'id,name\n1,Ana\nx,Bia\n')
    await load(source)
    await replay(await fix(['x,Bia', '2,Bia']))
    files.put(source, 'id,name\n1,Ana\n2,Bia\n')
    expect((await load(source)).code).toBe(0)
    expect(await rows()).toEqual([
      [1, 'Ana'],
      [2, 'Bia'],
    ])
    const late = await replay(fixPath())
    expect(late.code).toBe(3)
    expect(linesOf(late.out)[1]).toMatchObject({ line: 2, record: 1 + 1, rule: 'superseded' })
    expect((await rows()).length).toBe(2)
    expect(await status()).toEqual({ code: 0, counts: [2, 2, 0, 0, undefined] })
  })
})

test('a row that is still wrong is told with its line; what stands is not harmed', async () => {
  described('upsert', 'name')
  files.put(source, 'id,name\n1,Ana\nx,Bia\ny,Caio\nz,Davi\n')
  await load(source)
  await replay(await fix(['z,Davi', '4,Davi']))
  const { out, code } = await replay(await fix(['x,Bia', 'xx,Bia'], ['y,Caio', '4,Caio']))
  const [said, ...stay] = linesOf(out)
  expect(code).toBe(3)
  expect(said).toMatchObject({ went: 1, stay: 2 })
  expect(stay[0]).toMatchObject({
    line: 2,
    record: 2,
    rule: 'type-error',
    field: 'id',
    value: 'xx',
  })
  // Two mended rows of one key: the record that comes first in the object stands.
  expect(stay[1]).toMatchObject({ record: 4, rule: 'primary-key' })
  expect(await rows()).toEqual([
    [1, 'Ana'],
    [4, 'Caio'],
  ])
})

test('--all: what the contract of today takes as it stands', async () => {
  described('append', 'size:integer', 'name')
  const lines = ['1,2,Ana', '2,big,Bia', '3,4', '4,5,Davi,x', '"5,6,Eva', ',,', '7,wide,"Gil, G."']
  files.put(source, `id,size,name\n${lines.join('\n')}\n`)
  await load(source)
  expect(linesOf((await replay('--all', 'p.t')).out)).toHaveLength(1 + 6)
  described('append', 'size', 'name')
  await raw.query('ALTER TABLE p.t ALTER COLUMN size TYPE text')
  const { out, code } = await replay('--all', 'p.t')
  expect(code).toBe(3)
  expect(linesOf(out)[0]).toMatchObject({ went: 2, stay: 4 })
  const stay = linesOf(out).filter(({ rule }) => rule)
  expect(stay.map(({ record, rule }) => `${record} ${rule}`)).toEqual([
    ...['3 missing-cell', '4 extra-cell', '5 quote-error', '6 blank-row'],
  ])
  expect(await raw.table('p.t')).toEqual([
    [1, '2', 'Ana'],
    [2, 'big', 'Bia'],
    [7, 'wide', 'Gil, G.'],
  ])
  expect(await status()).toEqual({ code: 3, counts: [7, 1, 4, 0, 2] })
  expect((await replay('--all', 'p.t')).out).not.toContain('"went":1')
})

test('a duplicate of a key that stands is no mend of itself', async () => {
  described('upsert', 'name')
  files.put(source, 'id,name\n1,Ana\n1,Bia\n')
  await load(source)
  await replay('--all', 'p.t')
  await replay(await fix())
  expect(await rows()).toEqual([[1, 'Ana']])
})

test('an orphan waits when it is mended, and is no reject any more', async () => {
  const key = { fields: 'parent', reference: { resource: 'parents', fields: 'id' } }
  files.describe(
    'p',
    resource('parents', ['id:integer'], { primaryKey: 'id' }),
    resource('t', ['id:integer', 'parent:integer'], { foreignKeys: [key] }),
  )
  files.put(source, 'id,parent\nx,7\n')
  await load(source)
  await replay(await fix(['x,7', '1,7']))
  expect(await raw.table('p.t')).toEqual([])
  expect(await status()).toMatchObject({ counts: [1, 0, 0, 0, 1] })
  expect(await status(replayOf(source))).toEqual({ code: 3, counts: [1, 0, 0, 1, undefined] })
  files.put('bronze/p/parents/1.csv', 'id\n7\n')
  await load('bronze/p/parents/1.csv')
  expect(await rows()).toEqual([[1, 7]])
  expect(await status()).toMatchObject({ code: 0 })
})

test('a crash between the object and its load: running again loads it', async () => {
  described('append', 'name')
  files.put(source, 'id,name\nx,Ana\n')
  await load(source)
  const { labels, rows: given } = await readFixFile(await fix(['x,Ana', '1,Ana']))
  const all: FixRow[] = []
  for await (const row of given) all.push(row)
  await mendRows(files.lake, raw.database, source, labels, all)
  expect(await rows()).toEqual([])
  expect((await replay(fixPath())).code).toBe(0)
  expect(await rows()).toEqual([[1, 'Ana']])
})

test('two replays of the same object at once, by the command itself: both are there', async () => {
  described('append', 'name')
  const lines = Array.from({ length: 40 }, (_, i) => `x${i},name ${i}`)
  files.put(source, `id,name\n${lines.join('\n')}\n`)
  await load(source)
  const [header, ...rest] = readFileSync(await fix(), 'utf8')
    .trimEnd()
    .split('\n')
  const paths = [0, 1].map((half) => {
    const mended = rest
      .filter((_, i) => i % 2 === half)
      .map((row) => row.replace(/,x(\d+),n/, ',$1,n'))
    const path = join(files.folder, `fix-${half}.csv`)
    writeFileSync(path, [header, ...mended].join('\n'))
    return path
  })
  const command = join(dirname(import.meta.dirname), 'cli/sluice.ts')
  const both = paths.map((path) =>
    promisify(execFile)(process.execPath, [
      ...[command, 'replay', path, '--lake', files.folder, '--database', database.url],
    ]),
  )
  const ends = await Promise.all(both.map((one) => one.catch((failed) => failed)))
  for (const { stdout, stderr, code } of ends) {
    expect({ code, stderr, stdout }).toMatchObject({ code: undefined, stderr: '' })
    expect(stdout).toContain('20 rows go')
  }
  expect((await rows()).length).toBe(40)
  expect(await status()).toEqual({ code: 0, counts: [40, 0, 0, 0, 40] })
})

test('rejects that a Sluice before this one has kept are mended, too', async () => {
  described('append', 'name')
  files.put(source, 'id,name\nx,Ana\n')
  await load(source)
  await raw.query('ALTER TABLE sluice.objects DROP labels, DROP mended, DROP replay')
  await raw.query('ALTER TABLE sluice.rejects DROP mended_by')
  expect((await replay(await fix(['x,Ana', '1,Ana']))).code).toBe(0)
  expect(await rows()).toEqual([[1, 'Ana']])
})

test('a replaced dataset is mended by its object', async () => {
  described('replace', 'name')
  files.put(source, 'id,name\nx,Ana\n')
  await load(source)
  const { out } = await replay(await fix(['x,Ana', '1,Ana']))
  expect(linesOf(out)[1]?.message).toMatch(/newest object alone \(load: replace\): mend that/)
})
