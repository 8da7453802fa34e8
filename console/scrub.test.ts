import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { openLake } from '../core/lake.ts'
import { lakeName } from './place.ts'
import { scrubFor, scrubOf } from './scrub.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice scrub é-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a path of this machine', () => {
  const scrub = scrubOf([
    ['/srv', '<srv>'],
    ['/srv/lake', 'lake'],
    ['/tmp', '<tmp>'],
    ['/', '<root>'],
    ['', '<nothing>'],
  ])
  it.each([
    [
      "ENOENT: no such file, open '/srv/lake/bronze/a.csv'",
      "ENOENT: no such file, open 'lake/bronze/a.csv'",
    ],
    ['file:///srv/lake/bronze/a.csv: refused', 'lake/bronze/a.csv: refused'],
    ['sluice ingest --lake /srv/lake x', 'sluice ingest --lake lake x'],
    ['/srv/lake', 'lake'],
    ['/srv/lakes/x', '<srv>/lakes/x'],
    ['/srv/lake-2/x', '<srv>/lake-2/x'],
    ['/tmp/a and /tmp/b', '<tmp>/a and <tmp>/b'],
  ])('%s', (told, expected) => {
    expect(scrub(told)).toBe(expected)
  })

  it.each(['bronze/tmp/a.csv', '/var/tmp/a', 's3://bucket/srv/lake/x', 'a / b', ''])(
    '%j is none',
    (told) => expect(scrub(told)).toBe(told),
  )
})

describe('of a lake in a folder', () => {
  it('nothing is told but its name, however it is written', () => {
    const real = join(folder, 'my lake')
    mkdirSync(real)
    symlinkSync(real, join(folder, 'link'))
    const scrub = scrubFor(openLake(join(folder, 'link')))
    for (const form of [real, pathToFileURL(real).href]) {
      expect(scrub(`open ${form}/bronze/x`)).toBe('open my lake/bronze/x')
    }
    expect(lakeName(openLake(real).store.url)).toBe('my lake')
  })

  it('nor of where the program runs', () => {
    const scrub = scrubFor(openLake(folder))
    for (const place of [homedir(), tmpdir(), process.cwd(), dirname(import.meta.dirname)]) {
      expect(scrub(`at ${place}/x/y`)).not.toContain(place)
    }
  })

  it('a bucket is no secret', () => {
    const scrub = scrubFor(openLake('s3://my-lake'))
    expect(scrub('s3://my-lake/bronze/x')).toBe('s3://my-lake/bronze/x')
    expect(lakeName('s3://my-lake')).toBe('s3://my-lake')
  })
})
