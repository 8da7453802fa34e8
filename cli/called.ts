import { withoutPassword } from '../core/database/told-url.ts'
import { shellWord } from '../core/shell-word.ts'

/**
 * What a message tells to type next, as whoever reads it types it. All code names commands as
 * `sluice accept cafe`, also where it is kept in the ledger; the command line tells them so that
 * they mean the same lake, and in the form in which it was itself called.
 */

/** The options by which a command was told where to work. */
export interface Given {
  /** A folder or URL; `data` where none was given. */
  lake?: string
  database?: string
}

/**
 * The words before a command's name: `sluice`, `npx sluice`, `npm run sluice --`, or what
 * SLUICE_COMMAND says, such as `docker compose exec raw-ingestion sluice`.
 */
export function calledAs(env: NodeJS.ProcessEnv = process.env): string {
  const { SLUICE_COMMAND: said, npm_command: by, npm_lifecycle_event: script } = env
  if (said) return said
  if (by === 'exec' && script === 'npx') return 'npx sluice'
  const isOurs = env.npm_package_name === 'sluice' && (script === 'sluice' || script === 'start')
  return isOurs ? 'npm run sluice --' : 'sluice'
}

/**
 * A text in which each command of ours can be typed: one between backquotes, or at the end of a
 * line, at its begin or behind a colon. What was given as `--lake` and `--database` is added where
 * the command takes it and does not say it already.
 *
 * `` see `sluice rejects` `` → `` see `npx sluice rejects --lake other` ``
 */
export function asCalled(text: string, given: Given, env?: NodeJS.ProcessEnv): string {
  const told = (command: string, args: string) => typed({ command, args, given, env })
  return text
    .replaceAll(/`sluice ([a-z]+)\b([^`\n]*)`/g, (_, command, args) => `\`${told(command, args)}\``)
    .replaceAll(
      /(^|: )sluice ([a-z]+)(?![\w:])([^`\n]*)$/gm,
      (_, before, command, args) => before + told(command, args),
    )
}

/** The same of a text that is one command, whatever stands in it: `sluice ingest 'a\`b.csv'`. */
export function commandAsCalled(text: string, given: Given, env?: NodeJS.ProcessEnv): string {
  const [, command = '', args = ''] = /^sluice ([a-z]+)([\s\S]*)$/.exec(text) ?? []
  return typed({ command, args, given, env })
}

interface Hint {
  command: string
  /** With the blank before them. */
  args: string
  given: Given
  env: NodeJS.ProcessEnv | undefined
}

function typed({ command, args, given: { lake = 'data', database }, env }: Hint): string {
  const takesLake = !/^(init|redrive|completion|help)$/.test(command) && !isNamed(args, 'stack')
  const takesDatabase = takesLake && !/^(query|publish|compact|vacuum)$/.test(command)
  const options = [
    ...(takesLake && lake !== 'data' && !isNamed(args, 'lake') ? ['--lake', lake] : []),
    ...(takesDatabase && database && !isNamed(args, 'database')
      ? ['--database', withoutPassword(database)]
      : []),
  ].map((word) => ` ${shellWord(word)}`)
  // What a shell does with the output stands last.
  const [own = ''] = /^(?:'[^']*'|"[^"]*"|\\[\s\S]|(?! [>|])[^'"\\])*/.exec(args) ?? []
  return `${calledAs(env)} ${command}${own}${options.join('')}${args.slice(own.length)}`
}

function isNamed(args: string, option: string): boolean {
  return RegExp(` --${option}\\b`).test(args.replaceAll(/'[^']*'|"[^"]*"/g, ''))
}
