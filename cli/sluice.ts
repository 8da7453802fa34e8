#!/usr/bin/env node
import { givenTo, programOf, spelled } from './commands.ts'
import { endOf } from './end.ts'
import { leave, leaveBySignal } from './leave.ts'

leaveBySignal()
// `sluice rejects | head` ends when head has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  void leave()
})

const words = spelled(process.argv.slice(2))
const program = await programOf(words)
try {
  await program.parseAsync(words, { from: 'user' })
} catch (error) {
  const { told, exitCode } = await endOf(error, givenTo(program))
  if (told !== undefined) process.stderr.write(`sluice: ${told}\n`)
  process.exitCode = exitCode
}
