import { vi } from 'vitest'
import { givenTo, programOf, spelled } from './commands.ts'
import { endOf } from './end.ts'

export interface Ran {
  out: string
  err: string
  code: number
}

/** Runs a command line in this process, as sluice.ts does. */
export async function sluice(...typed: string[]): Promise<Ran> {
  const words = spelled(typed)
  const told = { out: '', err: '' }
  const spies = (['out', 'err'] as const).map((name) =>
    vi
      .spyOn(name === 'out' ? process.stdout : process.stderr, 'write')
      .mockImplementation((text) => {
        told[name] += text
        return true
      }),
  )
  process.exitCode = 0
  const program = await programOf(words)
  try {
    await program.parseAsync(words, { from: 'user' })
    return { ...told, code: process.exitCode }
  } catch (error) {
    const end = await endOf(error, givenTo(program))
    const last = end.told === undefined ? '' : `sluice: ${end.told}\n`
    return { ...told, err: told.err + last, code: end.exitCode }
  } finally {
    process.exitCode = undefined
    for (const spy of spies) spy.mockRestore()
  }
}

export const linesOf = (out: string) => {
  return out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
}
