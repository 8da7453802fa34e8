import { describe, expect, test } from 'vitest'
import { asCalled, calledAs, commandAsCalled } from './called.ts'
import { commands } from './commands.ts'

/** What a message tells to type next: in the form of the call, and of the same lake. */

describe('the form of the call', () => {
  const npm = { npm_command: 'run-script', npm_package_name: 'sluice' }
  test.each<[string, NodeJS.ProcessEnv, string]>([
    ['from the PATH', {}, 'sluice'],
    ['by npx', { npm_command: 'exec', npm_lifecycle_event: 'npx' }, 'npx sluice'],
    ['by npm run', { ...npm, npm_lifecycle_event: 'sluice' }, 'npm run sluice --'],
    [
      'by npm start',
      { ...npm, npm_command: 'start', npm_lifecycle_event: 'start' },
      'npm run sluice --',
    ],
    // A project that depends on it may have scripts of such names: there it is in their PATH.
    ['by a script of another package', { ...npm, npm_package_name: 'shop' }, 'sluice'],
    ['by another script of ours', { ...npm, npm_lifecycle_event: 'test' }, 'sluice'],
    [
      'in a container',
      { SLUICE_COMMAND: 'docker compose exec a sluice' },
      'docker compose exec a sluice',
    ],
  ])('%s', (_, env, wanted) => {
    expect(calledAs(env)).toBe(wanted)
    expect(asCalled('held: `sluice accept cafe` lets it through', {}, env)).toBe(
      `held: \`${wanted} accept cafe\` lets it through`,
    )
  })
})

const place = { lake: "it's", database: 'postgres://me:p@ss@h/shop?password=x&a=b' }
const lake = ` --lake 'it'\\''s'`
const database = ` --database 'postgres://me:…@h/shop?password=…&a=b'`
const both = lake + database

test.each([
  ['`sluice accept cafe` lets it through', `\`sluice accept cafe${both}\` lets it through`],
  [
    '`sluice rejects p.t --csv > fix.csv` writes',
    `\`sluice rejects p.t --csv${both} > fix.csv\` writes`,
  ],
  ['`sluice rejects <dataset> | less`', `\`sluice rejects <dataset>${both} | less\``],
  ['`sluice query`', `\`sluice query${lake}\``],
  [
    'ask `sluice start` or `sluice ingest`',
    `ask \`sluice start${both}\` or \`sluice ingest${both}\``,
  ],
  ['meanwhile: sluice start --once', `meanwhile: sluice start --once${both}`],
  [
    'meanwhile: sluice start --once --lake s3://x',
    `meanwhile: sluice start --once --lake s3://x${database}`,
  ],
  ['sluice compact', `sluice compact${lake}`],
  ['sluice redrive --stack s --stage silver', 'sluice redrive --stack s --stage silver'],
  ['`sluice doctor --stack s`', '`sluice doctor --stack s`'],
])('%s: lake and database are those of the call', (text, wanted) => {
  expect(asCalled(text, place, {})).toBe(wanted)
  const here = { lake: 'data' }
  expect(asCalled(text, here, {})).toBe(text)
})

test.each([
  'sluice: there is no lake x',
  'there is a schema sluice in it',
  'REVOKE ALL ON SCHEMA sluice FROM x',
  'the stack sluice-dev; the tables of sluice',
])('%s: names no command', (text) => {
  expect(asCalled(text, place, { SLUICE_COMMAND: 'x' })).toBe(text)
})

test('what is added is what each command takes', async () => {
  for (const { name, load } of commands) {
    const options = (await load()).options.map(({ long }) => long)
    const told = asCalled(`\`sluice ${name}\``, place, {})
    for (const option of ['--lake', '--database']) {
      expect([name, told.includes(option)]).toEqual([name, options.includes(option)])
    }
  }
})

test.each([
  ["'bronze/p/a > b.csv'", ''],
  ["'bronze/p/a | b.csv'", ''],
  ["'a --lake x.csv'", ''],
  ["'a\nb`c.csv'", ''],
  ["'it'\\''s > x.csv'", ''],
  ['"SELECT 1 > 0"', ' > out'],
])('%s: a name of an object stays whole, and options stand behind it', (word, after) => {
  const wanted = `sluice ingest ${word}${both}${after}`
  expect(commandAsCalled(`sluice ingest ${word}${after}`, place, {})).toBe(wanted)
})

test('no password is told', () => {
  const told = commandAsCalled('sluice status', { database: 'postgres://u:s:e@c/d@h/db' }, {})
  expect(told).toBe("sluice status --database 'postgres://u:…@h/db'")
})
