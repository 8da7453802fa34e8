import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { commandsOf } from './commands.fixture.ts'
import { Terminal } from './shell.fixture.ts'
import { untold } from './told.fixture.ts'

/** What the tests of our pages rest on must itself find fault. */

describe('untold', () => {
  const output = '│ object │ records │\n├────────┼─────────┤\n│ a      │       1 │\n2 rows.\n'

  test.each<[string, string, string[]]>([
    ['a line of it', '2 rows.', []],
    ['other blanks of a table', '│ a │ 1 │', []],
    ['a line that it does not have', '3 rows.', ['3 rows.']],
    ['a part of a line', '2 row', ['2 row']],
    ['anything', '… rows.\n…', []],
    ['anything within a line', '│ … │ 1 │', []],
    ['another order', '2 rows.\n│ a │ 1 │', ['│ a │ 1 │']],
    ['what a pattern would take', '2 rows!\n. rows.', ['2 rows!', '. rows.']],
  ])('%s', (_, shown, missing) => expect(untold(shown, output)).toEqual(missing))

  it('in any order, where several speak', () => {
    expect(untold('2 rows.\n│ a │ 1 │', output, false)).toEqual([])
  })
})

test.each<[string, string, string[][]]>([
  ['words', 'a b  c', [['a', 'b', 'c']]],
  ['quotes', `a 'b c' "d \\"e" f\\ g`, [['a', 'b c', 'd "e', 'f g']]],
  ['an empty word', `a '' ""`, [['a', '', '']]],
  ['lists and pipes', 'a; b && c || d | e &\nf', [['a'], ['b'], ['c'], ['d'], ['e'], ['f']]],
  ['a comment', 'a # b\nc#d', [['a'], ['c#d']]],
  ['a line that goes on', 'a \\\n  b', [['a', 'b']]],
  ['redirections', 'a > b < c 2>&1 d', [['a', 'd']]],
  ['a here-document', "cat > a <<'X'\nb c\nX\nd", [['cat'], ['d']]],
  ['assignments', 'A=b C="d e" f g', [['f', 'g']]],
  [
    'what is put in',
    'a=$(b "$(c d)") e "f $(g)"',
    [['b', '$(c d)'], ['c', 'd'], ['g'], ['e', 'f $(g)']],
  ],
])('commandsOf: %s', (_, text, commands) => {
  expect(commandsOf(text).toSorted()).toEqual(commands.toSorted())
})

describe('a terminal', () => {
  let terminal: Terminal

  beforeEach(() => {
    terminal = new Terminal(false, {})
  })
  afterEach(() => terminal.close())

  it('keeps what was set, and tells output, faults and where it is', async () => {
    await terminal.type('mkdir here && cd here && it=1')
    const typed = await terminal.type('echo "$it"; echo fault >&2; basename "$PWD"')
    expect(typed).toEqual({ output: '1\nfault\nhere\n', failed: [] })
  })

  it('tells each command that failed, also within a function', async () => {
    const { failed } = await terminal.type('f() { false; true; }; f; (exit 3); true')
    expect(failed.map(({ code }) => code)).toEqual([1, 3])
  })

  it('has what goes on until it is stopped, and what it said since the last block', async () => {
    await terminal.start('trap "echo end; exit" INT; echo one; while :; do sleep 0.1; ls; done')
    expect(await terminal.until((said) => said.includes('one'))).toContain('one')
    await terminal.type('touch two')
    expect(await terminal.until((said) => said.includes('two'))).not.toContain('one')
    await terminal.stop()
    await expect(terminal.until(() => true)).rejects.toThrow('nothing was started')
  })
})
