import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { findPython } from './python.fixture.ts'
import { summaryOf } from './report.ts'
import { compare } from './run.ts'
import { judgePackage } from './verdict.ts'

/** Packages as people have them: nothing ends the run, and what can be compared is compared. */

const lake = mkdtempSync(join(tmpdir(), 'sluice-referee-odd-'))
afterAll(() => rmSync(lake, { recursive: true, force: true }))

const python = findPython()

const schema = {
  fields: [
    { name: 'id', type: 'integer' },
    { name: 'line', type: 'string' },
  ],
}
const whole = { name: 'whole', path: 'a.csv', schema }

interface Expected {
  files: number
  refused?: number
  rows?: number
  /** Of each package and resource that is passed over, a part of the reason. */
  over?: string[]
  heard?: string[]
}

const odd: [string, unknown, Expected][] = [
  ['no-json', '{"resources": [,]}', { files: 0, over: ['cannot be read'] }],
  ['a-list', [], { files: 0, over: ['no resources'] }],
  ['no-resources', { name: 'x' }, { files: 0, over: ['no resources'] }],
  ['resources-of-no-form', { resources: [null, 'a', 3] }, { files: 0, over: ['', '', ''] }],
  [
    'inline-and-remote',
    { resources: [{ name: 'i', data: [] }, { name: 'r', path: 'http://x.invalid/a' }, whole] },
    { files: 1, rows: 2, over: ['"i": has no path', 'http://x.invalid'] },
  ],
  [
    'unnamed',
    { resources: [{ path: 'b.csv', schema }, whole] },
    { files: 2, refused: 1, rows: 2, heard: ['resource-alone'] },
  ],
  [
    'paths-out-of-it',
    {
      resources: [
        { ...whole, name: 'up', path: '../a.csv' },
        { ...whole, path: './a.csv' },
      ],
    },
    { files: 2, refused: 1, rows: 2, heard: ['resource-alone'] },
  ],
  ['absolute', { resources: [{ ...whole, path: '/etc/passwd' }] }, { files: 1, refused: 1 }],
  ['schema-missing', { resources: [{ ...whole, schema: 'no.json' }] }, { files: 1, refused: 1 }],
  ['schema-a-list', { resources: [{ ...whole, schema: [1] }] }, { files: 1, refused: 1 }],
  [
    'fields-null',
    { resources: [{ ...whole, schema: { fields: [null] } }] },
    { files: 1, refused: 1 },
  ],
  [
    'names-twice',
    {
      resources: [
        { name: 'twice', path: 'b.csv', schema: { fields: [{ name: 'a' }, { name: 'a' }] } },
        whole,
      ],
    },
    { files: 2, refused: 1, rows: 2, heard: ['resource-alone'] },
  ],
  [
    'metadata',
    {
      ...{ licenses: [{ type: 'x' }], version: 1, keywords: 'a', profile: 'my-own' },
      contributors: ['Ada'],
      resources: [{ ...whole, name: 'My Data', title: 3 }],
    },
    { files: 1, rows: 2, heard: ['metadata'] },
  ],
  ['version-0', { resources: [{ name: 'old', url: 'a.csv', schema }] }, { files: 1, rows: 2 }],
  [
    'capitals',
    { resources: [{ ...whole, format: 'CSV' }] },
    { files: 1, rows: 2, heard: ['format-in-capitals'] },
  ],
  [
    'sharp',
    { resources: [{ ...whole, path: 'a #1.csv' }] },
    { files: 1, rows: 2, heard: ['path-of-a-url'] },
  ],
  [
    'blanks',
    { resources: [{ ...whole, path: 'c.csv', schema: { fields: [{ name: ' id' }] } }] },
    { files: 1, rows: 1, heard: ['label-with-blanks'] },
  ],
]

describe.skipIf(!python)('with the referee', () => {
  const folders = odd.map(([name, descriptor]) => {
    const folder = join(lake, 'bronze', name)
    mkdirSync(folder, { recursive: true })
    const text = typeof descriptor === 'string' ? descriptor : JSON.stringify(descriptor)
    writeFileSync(join(folder, 'datapackage.json'), text)
    for (const file of ['a.csv', 'b.csv', 'a #1.csv']) {
      // A field named as one of our places must not be taken for it.
      writeFileSync(join(folder, file), 'id,line\n1,77\nx,78\n')
    }
    writeFileSync(join(folder, 'c.csv'), ' id\n1\n')
    return folder
  })

  it('each is judged as far as it can be, and none keeps the others from it', async () => {
    const result = await compare(python!, lake, folders)
    const told = summaryOf(result)
    const sum = (of: 'files' | 'refused' | 'rows') => {
      return odd.reduce((all, [, , expected]) => all + (expected[of] ?? 0), 0)
    }
    expect(result.unexplained.length, told).toBe(0)
    expect([result.files, result.refused, result.rows], told).toEqual([
      ...[sum('files'), sum('refused'), sum('rows')],
    ])
    const over = odd.flatMap(([name, , expected]) => {
      return (expected.over ?? []).map((why) => ({ name, why }))
    })
    expect(result.passedOver).toHaveLength(over.length)
    for (const [i, { name, why }] of over.entries()) {
      expect(result.passedOver[i]).toMatch(`${name}: `)
      expect(result.passedOver[i]).toContain(why)
    }
    const ids = odd.flatMap(([, , { heard }]) => heard ?? [])
    expect([...result.heard.keys()], told).toEqual(expect.arrayContaining(ids))
  })

  it.each([
    'x: resources[0].format: found "csv"; allowed: csv, tsv',
    'x: resources[0].schema: found null; allowed: a Table Schema',
    'x: resources[0].schema.fields[1].format: found "email"; allowed: default (string)',
    'x: resources[0].schema.fields[1].name: allowed: a name that differs from "id" by more',
    'x: resources "i" and "r" are both x.i: rename one',
    'compression-error: a .zip is not read',
    'byte-count: the file has 57 bytes, the descriptor says 0',
  ])('a file that is refused without a reason is told: %s', async (refused) => {
    const wrong = async (...args: Parameters<typeof judgePackage>) => {
      return (await judgePackage(...args)).map((file) => ({ ...file, refused }))
    }
    const [folder] = folders.filter((one) => one.endsWith('inline-and-remote'))
    const result = await compare(python!, lake, [folder!], wrong)
    expect(result.unexplained).toHaveLength(1)
  })

  it('a wrong verdict on what was given up at first is told', async () => {
    const wrong = async (...args: Parameters<typeof judgePackage>) => {
      const all = await judgePackage(...args)
      return all.map((file) => ({
        ...file,
        rows: file.rows.map((row) => ({ ...row, errors: [] })),
      }))
    }
    const some = odd.flatMap(([, , { heard, rows }], i) =>
      heard && rows === 2 ? [folders[i]!] : [],
    )
    const result = await compare(python!, lake, some, wrong)
    expect(result.unexplained.map(({ line }) => line)).toEqual(some.map(() => 3))
  })
})
