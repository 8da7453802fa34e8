import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Refused } from '../core/errors.ts'
import { resource, runSilver, TestLake } from '../functions/stages.fixture.ts'
import { queryCommand } from './query.ts'

let files: TestLake
beforeEach(() => {
  files = new TestLake()
})
afterEach(() => {
  vi.restoreAllMocks()
  files.close()
})

/** Runs the command here; what it wrote to stdout and stderr. */
async function run(...args: string[]): Promise<{ out: string; err: string }> {
  const told = { out: '', err: '' }
  const spy = (stream: NodeJS.WriteStream, name: 'out' | 'err') =>
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      told[name] += chunk
      return true
    })
  const spies = [spy(process.stdout, 'out'), spy(process.stderr, 'err')]
  try {
    const command = queryCommand().exitOverride()
    await command.parseAsync([...args, '--lake', files.folder], { from: 'user' })
  } finally {
    for (const each of spies) each.mockRestore()
  }
  return told
}

/** What is shown of an SQL expression: in JSON, in CSV. */
const forms: [string, string, string][] = [
  ['NULL', 'null', ''],
  ["''", '""', '""'],
  // A formula to a spreadsheet: SECURITY.md says why it stays.
  [`'=cmd|'' /C calc''!A0'`, `"=cmd|' /C calc'!A0"`, "=cmd|' /C calc'!A0"],
  ["'@SUM(1+1)'", '"@SUM(1+1)"', '@SUM(1+1)'],
  [`'a"b,c'`, String.raw`"a\"b,c"`, '"a""b,c"'],
  ["'x' || chr(10) || 'é😀'", String.raw`"x\né😀"`, '"x\né😀"'],
  ['true', 'true', 'true'],
  ['1::TINYINT', '1', '1'],
  ['-9007199254740991', '-9007199254740991', '-9007199254740991'],
  ['9007199254740993', '"9007199254740993"', '9007199254740993'],
  ['count(*)', '1', '1'],
  ['sum(5)', '5', '5'],
  [
    '170141183460469231731687303715884105727::HUGEINT',
    `"${2n ** 127n - 1n}"`,
    `${2n ** 127n - 1n}`,
  ],
  ['18446744073709551615::UBIGINT', '"18446744073709551615"', '18446744073709551615'],
  ['1.10', '"1.10"', '1.10'],
  [
    '12345678901234567890.123456789',
    '"12345678901234567890.123456789"',
    '12345678901234567890.123456789',
  ],
  ['1::DOUBLE', '1', '1.0'],
  ['0.1::DOUBLE', '0.1', '0.1'],
  ['1e300', '1e+300', '1e+300'],
  ["'nan'::DOUBLE", '"NaN"', 'nan'],
  ["DATE '2026-01-31'", '"2026-01-31"', '2026-01-31'],
  ["TIME '10:20:30.5'", '"10:20:30.5"', '10:20:30.5'],
  ["TIMESTAMP '2026-01-31 10:20:30'", '"2026-01-31T10:20:30"', '2026-01-31 10:20:30'],
  [
    "TIMESTAMP '2026-01-31 10:20:30.000001'",
    '"2026-01-31T10:20:30.000001"',
    '2026-01-31 10:20:30.000001',
  ],
  ["TIMESTAMPTZ '2026-01-31 10:20:30+02'", '"2026-01-31T08:20:30Z"', '2026-01-31 08:20:30+00'],
  ['INTERVAL 3 DAY', '"3 days"', '3 days'],
  ["'\\x00\\xFFa'::BLOB", String.raw`"\\x00\\xFFa"`, String.raw`\x00\xFFa`],
  ['[1, NULL, 9007199254740993]', '[1,null,"9007199254740993"]', '"[1, NULL, 9007199254740993]"'],
  [
    "{'a': 1.5, 'b': [DATE '2026-01-31']}",
    '{"a":"1.5","b":["2026-01-31"]}',
    `"{'a': 1.5, 'b': [2026-01-31]}"`,
  ],
  ["MAP {'k': 1}", '[{"key":"k","value":1}]', '{k=1}'],
  ['\'{"a":1}\'::JSON', String.raw`"{\"a\":1}"`, '"{""a"":1}"'],
  [
    "'550e8400-e29b-41d4-a716-446655440000'::UUID",
    '"550e8400-e29b-41d4-a716-446655440000"',
    '550e8400-e29b-41d4-a716-446655440000',
  ],
  ["'b'::ENUM('a', 'b')", '"b"', 'b'],
]

test.each(forms)('%s is %s in JSON and %s in CSV', async (sql, json, csv) => {
  const query = `SELECT ${sql} AS "x", 2 AS y;`
  expect((await run(query, '--json')).out).toBe(`{"x":${json},"y":2}\n`)
  expect((await run(query, '--csv')).out).toBe(`x,y\r\n${csv},2\r\n`)
})

describe('a table', () => {
  test('has the rows, numbers to the right, and no control character', async () => {
    const sql = `SELECT 'a' AS name, 1.5 AS n
      UNION ALL SELECT 'b' || chr(27) || '[2J' || chr(10), NULL ORDER BY 1`
    const { out } = await run(sql)
    expect(out).toBe(
      [
        '┌────────┬──────┐',
        '│ name   │    n │',
        '├────────┼──────┤',
        '│ a      │  1.5 │',
        '│ b·[2J· │ NULL │',
        '└────────┴──────┘',
        '2 rows.',
        '',
      ].join('\n'),
    )
  })

  test('of more than 1,000 rows is cut, and that is said; --limit says where', async () => {
    const sql = 'SELECT i FROM range(5000) t(i) ORDER BY i'
    const { out, err } = await run(sql)
    expect(out).toContain('│ 999 │\n')
    expect(out).not.toContain('1000 │')
    expect(err).toBe('sluice: only the first 1,000 rows; --limit, --json and --csv give more\n')
    expect((await run(sql, '--limit', '5000')).err).toBe('')
    expect((await run(sql, '--limit', '2', '--json')).out).toBe('{"i":0}\n{"i":1}\n')
    expect((await run(sql, '--limit', '0', '--csv')).out).toBe('i\r\n')
    expect((await run(sql, '--csv')).out.split('\r\n').length).toBe(5_002)
  })

  test('of a plan is the plan', async () => {
    const { out } = await run('EXPLAIN SELECT 42')
    expect(out).toMatch(/┌─+┐\n│ +PROJECTION/)
  })
})

test('all names and rows of the lake, whatever they say, in every form', async () => {
  const fields = ['id:integer', 'say "hi"', 'é,😀']
  files.describe('shop', resource('orders', fields, { primaryKey: 'id' }))
  files.put('bronze/shop/orders/1.csv', 'id,"say ""hi""","é,😀"\n1,"a\n""b""",\u202e,x\n2,,y\n')
  await runSilver(files.lake, 'bronze/shop/orders/1.csv')
  const sql = 'SELECT * FROM shop.orders ORDER BY id'
  expect((await run(sql, '--json')).out).toBe(
    `${JSON.stringify({ id: 2, 'say "hi"': null, 'é,😀': 'y' })}\n`,
  )
  expect((await run(sql, '--csv')).out).toBe('id,"say ""hi""","é,😀"\r\n2,,y\r\n')
  expect((await run(sql)).out).toContain('│ id │ say "hi" │')
  const rejects = await run('SELECT line, text FROM quarantine.shop.orders')
  expect(rejects.out).toContain('"a·""b""",·,x')
})

test('columns of one name keep their values', async () => {
  expect((await run('SELECT 1 AS a, 2 AS a, 3 AS a_1', '--json')).out).toBe(
    '{"a":1,"a_1":2,"a_1_1":3}\n',
  )
  expect((await run('SELECT 1 AS a, 2 AS a', '--csv')).out).toBe('a,a\r\n1,2\r\n')
})

test.each([
  [['SELECT * FROM shop.nope'], /does not exist[\s\S]*There is: quarantine\._unknown\./],
  [["COPY (SELECT 1) TO '/tmp/x'"], /found COPY; allowed: one statement that only reads/],
  [['SELECT 1', '--json', '--csv'], /give one of them/],
])('%j is a fault of the one who asks', async (args, why) => {
  const asked = run(...args)
  await expect(asked).rejects.toThrow(why)
  await expect(asked).rejects.toThrow(Refused)
})

test('a --limit that is no number is a fault of usage', async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  await expect(run('SELECT 1', '--limit', 'x')).rejects.toMatchObject({
    code: 'commander.invalidArgument',
  })
})

/** The command as a process of its own, as cli/sluice.ts starts it. */
function start(args: string[], options: string[] = []) {
  const path = JSON.stringify(join(import.meta.dirname, 'query.ts'))
  const script = `import { queryCommand } from ${path}
    await queryCommand().parseAsync(process.argv.slice(1), { from: 'user' })`
  const node = [...options, '--input-type=module', '-e', script, '--', ...args]
  return spawn(process.execPath, [...node, '--lake', files.folder], { stdio: 'pipe' })
}

test('- takes the statement from the standard input', async () => {
  const child = start(['-', '--csv'])
  child.stdin.end("SELECT 'from afar' AS x\n")
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk) => chunks.push(chunk))
  expect(await once(child, 'close')).toEqual([0, null])
  expect(Buffer.concat(chunks).toString()).toBe('x\r\nfrom afar\r\n')
})

test('rows go as they come: memory stays flat, though the reader is slow', async () => {
  const rows = 1_500_000
  const sql = `SELECT i, repeat('x', 100) AS x FROM range(${rows}) t(i)`
  const child = start([sql, '--json'], ['--max-old-space-size=96'])
  let bytes = 0
  await sleep(2_000)
  for await (const chunk of child.stdout) bytes += chunk.length
  expect(child.exitCode ?? (await once(child, 'close'))[0]).toBe(0)
  expect(bytes).toBeGreaterThan(rows * 110)
})
