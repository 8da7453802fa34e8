import { spawnSync } from 'node:child_process'
import { type Block, blocksOf } from './pages.fixture.ts'
import { Terminal } from './shell.fixture.ts'
import { untold } from './told.fixture.ts'

/** Where a page is typed. */
export interface Place {
  /** In a clone of the repository; else in an empty folder. */
  clone?: boolean
  /** What has been typed before. */
  before?: string | undefined
  variables: NodeJS.ProcessEnv
  /** Told of each block that was typed, for who writes a page. */
  seen?: (block: Block, output: string) => void
}

/** Something rejected, waiting, refused or held: what guides are about. */
const LEFT = 3
const GOES_ON = Symbol('it goes on')

/**
 * Types all that a page says is typed: ```sh, and ```sh start for what goes on until the next such
 * one, or the page's end. A block without a language shows what the block before has printed, and
 * ```started what has come from the one that goes on.
 *
 * @returns what was not as the page says, each with its line
 */
export async function typePage(
  page: string,
  { clone, before, variables, seen }: Place,
): Promise<string[]> {
  const terminal = new Terminal(clone ?? false, variables)
  const wrong: string[] = []
  const check = (block: Block, output: string, inOrder = true) => {
    const lines = untold(block.text, output, inOrder)
    if (lines.length === 0) return
    wrong.push(`${page}:${block.line}: not told:\n${lines.join('\n')}\nbut:\n${output}`)
  }
  /** What the last block of commands has printed, or whether it goes on printing. */
  let last: string | typeof GOES_ON | undefined
  try {
    if (before !== undefined) await terminal.type(before)
    for (const block of blocksOf(page)) {
      if (block.language === 'sh') {
        last = undefined
        const [need] = block.needs
        if (need === 'start') await terminal.start(block.text)
        if (need === 'start') last = GOES_ON
        if (need !== undefined && !isHere(need)) continue
        const typed = await terminal.type(block.text)
        wrong.push(...unexpected(page, block, typed))
        seen?.(block, typed.output)
        last = typed.output
      } else if (block.language === 'started' || (block.language === '' && last === GOES_ON)) {
        const told = await terminal.until((said) => untold(block.text, said, false).length === 0)
        check(block, told, false)
        seen?.(block, told)
      } else if (block.language === '' && last !== undefined) {
        check(block, last)
      }
    }
  } finally {
    await terminal.close()
  }
  return wrong
}

/** Codes but 0 and 3 are those that the block itself tells: `# exit code 2`. */
function unexpected(
  page: string,
  block: Block,
  { failed, output }: Awaited<ReturnType<Terminal['type']>>,
): string[] {
  const told = [...block.text.matchAll(/exit code (\d+)/g)].map(([, code]) => Number(code))
  return failed
    .filter(({ code }) => code !== LEFT && !told.includes(code))
    .map(({ code, command }) => `${page}:${block.line}: exit code ${code} of ${command}\n${output}`)
}

/** A client of Postgres is on most machines, and nothing of ours needs one. */
const hasPsql = spawnSync('psql', ['--version']).status === 0

function isHere(need: string): boolean {
  return need === 'psql' && hasPsql
}
