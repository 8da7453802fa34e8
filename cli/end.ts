import { CommanderError } from 'commander'
import { Refused, UnsafeKey } from '../core/errors.ts'
import { messageOf } from '../core/finding.ts'
import { asCalled, type Given } from './called.ts'
import { plain } from './shown.ts'

/** How a command that threw ends. */
interface End {
  /** What is still to be told; undefined where the parser has told it. */
  told: string | undefined
  exitCode: number
}

/**
 * What a person is told of whatever ended a command: what was found, and what to do about it.
 * Exit code 2 for how it was called and what cannot be, 1 for every fault.
 *
 * @param given where the command was told to work: what is to be done next is to be done there
 */
export async function endOf(error: unknown, given: Given): Promise<End> {
  const isOfParser = error instanceof CommanderError
  if (isOfParser && error.code !== 'sluice.usage') {
    return { told: undefined, exitCode: error.exitCode === 0 ? 0 : 2 }
  }
  const isUsage = isOfParser || error instanceof Refused || error instanceof UnsafeKey
  const message = messageOf(error)
  const told = message.split('\n').map(plain).join('\n') + (await cureOf(error))
  return { told: asCalled(told, given), exitCode: isUsage ? 2 : 1 }
}

/** What AWS and Postgres do not say: what to do. */
async function cureOf(error: unknown): Promise<string> {
  if (!(error instanceof Error)) return ''
  const { code = '', path } = error as NodeJS.ErrnoException
  if (path !== undefined && /^(EACCES|EPERM|EROFS)$/.test(code)) {
    return '; chown or chmod it, so that this user may read and write there, or name another lake'
  }
  const isOfDatabase = /^[0-9A-Z]{5}$/.test(code) || /^[A-Z]\w+Exception$/.test(error.name)
  const { cureOfAws } = await import('../core/finding.ts')
  const { knownCure } = await import('../core/doctor/check-database.ts')
  const cure = cureOfAws(error) ?? (isOfDatabase ? knownCure(error) : undefined)
  return cure === undefined ? '' : `; ${cure}`
}
