#!/usr/bin/env node
import { givenTo, programOf } from './commands.ts'
import { endOf } from './end.ts'

// `sluice rejects | head` ends when head has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const program = await programOf(process.argv.slice(2))
try {
  await program.parseAsync()
} catch (error) {
  const { told, exitCode } = await endOf(error, givenTo(program))
  if (told !== undefined) process.stderr.write(`sluice: ${told}\n`)
  process.exitCode = exitCode
}
