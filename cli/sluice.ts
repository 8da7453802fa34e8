#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { knownCure } from '../core/check-database.ts'
import { Refused, UnsafeKey } from '../core/errors.ts'
import { acceptCommand } from './accept.ts'
import { compactCommand } from './compact.ts'
import { doctorCommand } from './doctor.ts'
import { ingestCommand } from './ingest.ts'
import { initCommand } from './init.ts'
import { planCommand } from './plan.ts'
import { publishCommand } from './publish.ts'
import { queryCommand } from './query.ts'
import { redriveCommand } from './redrive.ts'
import { rejectsCommand } from './rejects.ts'
import { replayCommand } from './replay.ts'
import { plain } from './shown.ts'
import { startCommand } from './start.ts'
import { statusCommand } from './status.ts'
import { vacuumCommand } from './vacuum.ts'

/**
 * Exit codes: 0 all well; 1 failed; 2 usage; 3 ended well, but something was rejected, waits, or
 * was refused or held.
 */
const program = new Command('sluice')
  .description('CSV objects into Postgres and Silver Parquet, every record accounted for')
  .showHelpAfterError()
  .addCommand(startCommand())
  .addCommand(ingestCommand())
  .addCommand(initCommand())
  .addCommand(acceptCommand())
  .addCommand(planCommand())
  .addCommand(statusCommand())
  .addCommand(rejectsCommand())
  .addCommand(replayCommand())
  .addCommand(queryCommand())
  .addCommand(publishCommand())
  .addCommand(compactCommand())
  .addCommand(vacuumCommand())
  .addCommand(redriveCommand())
  .addCommand(doctorCommand())

for (const command of [program, ...program.commands]) command.exitOverride()

// `sluice rejects | head` ends when head has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2
  } else {
    const told = error instanceof Error ? error.message || error.name : String(error)
    const cure = cureOf(error)
    process.stderr.write(`sluice: ${told.split('\n').map(plain).join('\n')}${cure}\n`)
    process.exitCode = error instanceof Refused || error instanceof UnsafeKey ? 2 : 1
  }
}

/** What AWS and Postgres do not say: what to do. */
function cureOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if (error.message === 'Region is missing') return ': set AWS_REGION, or AWS_PROFILE'
  if (error.name === 'CredentialsProviderError') {
    return ': log in to AWS (aws sso login), or set AWS_PROFILE'
  }
  const { code = '' } = error as NodeJS.ErrnoException
  const isOfDatabase = /^[0-9A-Z]{5}$/.test(code) || /^[A-Z]\w+Exception$/.test(error.name)
  const cure = isOfDatabase ? knownCure(error) : undefined
  return cure === undefined ? '' : `; ${cure}`
}
