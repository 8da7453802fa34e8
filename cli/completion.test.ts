import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { resource, TestLake } from '../functions/stages.fixture.ts'
import { programOf } from './commands.ts'

/** What the tab key offers: the candidates, and the scripts of the shells that are installed. */

let files: TestLake
beforeAll(() => {
  files = new TestLake()
  files.describe('shop', resource('orders', ['id:integer']), resource('products', ['id:integer']))
  files.put('bronze/eu/cafe/datapackage.proposed.yaml', 'resources: []\n')
  files.put('till.csv', 'id\n')
  mkdirSync(join(files.folder, 'bin'))
  const sluice = join(files.folder, 'bin/sluice')
  const script = join(import.meta.dirname, 'sluice.ts')
  writeFileSync(sluice, `#!/bin/sh\nexec "${process.execPath}" "${script}" "$@"\n`)
  chmodSync(sluice, 0o755)
})
afterAll(() => files.close())

/** The words that are offered in the place of the last one. */
async function offered(...words: string[]): Promise<string[]> {
  let out = ''
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += chunk
    return true
  })
  try {
    const program = await programOf(words)
    await program.parseAsync(['complete', '--', ...words], { from: 'user' })
  } finally {
    spy.mockRestore()
  }
  return out.split('\n').flatMap((line) => line.split('\t')[0] || [])
}

const inLake = () => ['--lake', files.folder]

describe('what may stand there', () => {
  test('commands, in the first place and behind help', async () => {
    expect(await offered('')).toEqual(expect.arrayContaining(['start', 'rejects', 'help']))
    expect(await offered('help', '')).toContain('vacuum')
    expect(await offered('')).not.toContain('complete')
  })

  test('options of the command that is named, but those that are given', async () => {
    const all = await offered('rejects', '--')
    expect(all).toEqual(expect.arrayContaining(['--csv', '--lake', '--help']))
    expect(await offered('rejects', '--csv', '-')).toEqual(all.filter((one) => one !== '--csv'))
    expect(await offered('-')).toEqual(['--version', '--help'])
  })

  test.each<[string[], string[]]>([
    [
      ['redrive', '--stage', ''],
      ['raw-ingestion', 'silver', 'publish', 'append'],
    ],
    [
      ['redrive', '--stage', '=', 'si'],
      ['raw-ingestion', 'silver', 'publish', 'append'],
    ],
    [
      ['redrive', '--stage', '='],
      ['raw-ingestion', 'silver', 'publish', 'append'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['ingest', ''], [':files']],
    [['ingest', '--json', 'a.csv', ''], [':files']],
    [['init', 'a.csv', ''], []],
    [['status', '--lake', ''], [':folders']],
    [['query', ''], []],
    [['status', ''], []],
    [['vacuum', '--grace', ''], []],
  ])('%j: %j', async (words, wanted) => {
    expect(await offered(...words)).toEqual(wanted)
  })

  test('datasets and packages of the lake that is named', async () => {
    const datasets = ['shop.orders', 'shop.products']
    expect(await offered('rejects', ...inLake(), '')).toEqual(datasets)
    expect(await offered('rejects', `--lake=${files.folder}`, '')).toEqual(datasets)
    expect(await offered('replay', ...inLake(), '--all', '')).toEqual(datasets)
    expect(await offered('compact', ...inLake(), '--dataset', '')).toEqual(datasets)
    expect(await offered('accept', ...inLake(), '')).toEqual(['eu/cafe'])
    expect(await offered('ingest', ...inLake(), '--package', '')).toEqual(['shop'])
    expect(await offered('rejects', '--lake', join(files.folder, 'none'), '')).toEqual([])
    expect(await offered('rejects', '--lake', 's3://my-lake', '')).toEqual([])
  })
})

/** What a shell says, with the command on its path, in the lake's folder. */
function shell(name: string, script: string): string[] {
  const env = { ...process.env, PATH: `${join(files.folder, 'bin')}:${process.env.PATH}` }
  const args = name === 'bash' ? ['--norc', '-c', script] : ['-c', script]
  const out = execFileSync(name, args, { cwd: files.folder, env, encoding: 'utf8' })
  return out.trim().split('\n').toSorted()
}

const has = (name: string) => spawnSync(name, ['--version']).status === 0
const lines = [
  ['sluice re', ['redrive', 'rejects', 'replay']],
  ['sluice rejects --lake . shop.o', ['shop.orders']],
  ['sluice redrive --stage s', ['silver']],
  ['sluice ingest ti', ['till.csv']],
  ['sluice status --lake bro', ['bronze']],
] as const

describe('the script', () => {
  test.each(lines)('of bash: %s', (line, wanted) => {
    const words = line.split(' ').map((word) => `"${word}"`)
    const set = `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}`
    const tell = `printf '%s\\n' "\${COMPREPLY[@]}"`
    const ask = `source <(sluice completion bash); ${set}; _sluice; ${tell}`
    expect(shell('bash', ask)).toEqual(wanted)
  })

  test('of bash takes = for a word of its own', () => {
    const set = 'COMP_WORDS=(sluice redrive --stage = s); COMP_CWORD=4'
    const ask = `source <(sluice completion bash); ${set}; _sluice; echo "\${COMPREPLY[@]}"`
    expect(shell('bash', ask)).toEqual(['silver'])
  })

  test.skipIf(!has('fish')).each(lines)('of fish: %s', (line, wanted) => {
    const ask = `sluice completion fish | source; complete -C ${JSON.stringify(line)}`
    expect(shell('fish', ask).map((one) => one.split('\t')[0]?.replace(/\/$/, ''))).toEqual(wanted)
  })

  // What zsh does with the words that it is given, and with files, is its own.
  test.skipIf(!has('zsh')).each(lines.slice(0, 3))('of zsh: %s', (line, wanted) => {
    const own = 'compdef() { : }; _describe() { print -rl -- "$' + '{(@P)3}" }'
    const words = line.split(' ')
    const set = `words=(${words.join(' ')}); CURRENT=${words.length}`
    const ask = `${own}; source <(sluice completion zsh); ${set}; _sluice`
    const found = shell('zsh', ask).map((one) => one.split(':')[0] ?? '')
    expect(found.filter((one) => one.startsWith(words.at(-1)!))).toEqual(wanted)
  })
})
