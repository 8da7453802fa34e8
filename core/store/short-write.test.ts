import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'

/**
 * A write that meets a full disk or a limit takes a part, and says no more than how much: what was
 * cut must never pass for the whole. Here a file may have some KB (`ulimit -f`).
 */

const folder = mkdtempSync(join(tmpdir(), 'sluice-short-write-'))
afterAll(() => rmSync(folder, { recursive: true }))

const text = `id\n${'1\n'.repeat(50_000)}`
writeFileSync(join(folder, 'text.csv'), text)
writeFileSync(join(folder, 'text.csv.gz'), gzipSync(text))
writeFileSync(join(folder, 'utf16.csv'), Buffer.from(`\ufeff${text}`, 'utf16le'))

const path = (name: string) => JSON.stringify(join(folder, name))
const module = (name: string) => JSON.stringify(join(import.meta.dirname, '..', `${name}.ts`))
const plain = (name: string, encoding: string) => `
  const { plainText } = await import(${module('text/plain-text')})
  await plainText(${path(name)}, '${name}', '${encoding}', ${path('')})`

const writers: [string, string][] = [
  [
    'a text that is gathered',
    `const { TextFile } = await import(${module('text/text-file')})
    const file = await TextFile.create(${path('gathered')})
    await file.write('x'.repeat(100_000))
    await file.close()`,
  ],
  ['what is unpacked', plain('text.csv.gz', 'utf-8')],
  ['what is transcoded', plain('utf16.csv', 'utf-16')],
  [
    'what is annotated',
    `const { AnnotatedFile } = await import(${module('text/annotated-file')})
    const { open } = await import('node:fs/promises')
    const marks = { delimiter: 44, quote: 34 }
    const file = await open(${path('annotated')}, 'w')
    const out = new AnnotatedFile(file, 1, marks, true, 'utf-8', undefined)
    const bytes = Buffer.alloc(100_000, 'x')
    const place = { record: 1, line: 1, offset: 0, length: bytes.length }
    out.record(place, bytes, 0, { cells: 1, unusual: false })
    await out.flush()
    await file.close()`,
  ],
  [
    'rejects',
    `const { RejectFile } = await import(${module('rejects')})
    const text = { path: ${path('text.csv')}, encoding: 'utf-8', utf16: undefined, bom: 0 }
    const file = await RejectFile.create(${path('rejects')}, text)
    const errors = [{ rule: 'blank-row', message: 'none' }]
    await file.add({ record: 1, line: 2, offset: 3, length: 90_000, errors })
    await file.close()`,
  ],
]

/** @returns what it said, and whether it was well with it */
function run(source: string, limit: string): string {
  const script = `${source}; process.stdout.write('written')`
  const command = `${limit} exec "$0" --input-type=module -e "$1"`
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as const
    const args = ['-c', command, process.execPath, script]
    return execFileSync('sh', args, { encoding: 'utf8', stdio: [...stdio] })
  } catch {
    return 'failed'
  }
}

test.each(writers)('%s is whole, or fails', (_, source) => {
  expect(run(source, '')).toBe('written')
  expect(run(source, 'ulimit -f 8;')).toBe('failed')
})
