import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseContract } from './contract.ts'
import { checkStored } from './stored.ts'

let folder: string
let path: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-stored-'))
  path = join(folder, 'object')
  writeFileSync(path, 'a\n1\n')
})
afterAll(() => rmSync(folder, { recursive: true }))

const md5 = createHash('md5').update('a\n1\n').digest('hex')
const wrong = '0'.repeat(32)

function storedOf(resource: object) {
  const whole = { name: 't', schema: { fields: [{ name: 'a' }] }, ...resource }
  return parseContract({ resources: [whole] } as never, 0, 'bronze/eu/shop/datapackage.yaml').stored
}

test.each<[string, object, string, string | undefined]>([
  ['the file of path', { path: ['./t.csv'], hash: wrong }, 't.csv', 'hash-count'],
  ['the file of path, as it is', { path: ['t.csv'], hash: md5, bytes: 4 }, 't.csv', undefined],
  ['a file that comes later', { path: ['t.csv'], hash: wrong, bytes: 1 }, 't/2.csv', undefined],
  ['one of a list', { path: ['t.csv', 'u.csv'], hash: wrong, bytes: 1 }, 't.csv', undefined],
  ['bytes before the hash', { path: ['t.csv'], hash: wrong, bytes: 5 }, 't.csv', 'byte-count'],
  ['a file of no bytes', { path: ['t.csv'], bytes: 0 }, 't.csv', 'byte-count'],
  [
    'what the descriptor leaves open',
    { path: ['t.csv'], hash: '', bytes: null },
    't.csv',
    undefined,
  ],
])('%s', async (_, resource, below, refused) => {
  const check = checkStored(path, `bronze/eu/shop/${below}`, storedOf(resource))
  if (refused === undefined) await expect(check).resolves.toBe(undefined)
  else await expect(check).rejects.toThrow(new RegExp(`^${refused}: .* put it anew, or correct`))
})
