import { Command } from 'commander'
import { deployLocally, destroyLocally, useLocalStack } from '../local/localstack.ts'

/** `npm run deploy:local` and `npm run destroy:local`. */

const program = new Command('localstack')
  .description('the stack of infra/ on LocalStack')
  .option('--stage <name>', 'the stack is sluice-<name>', 'local')

program
  .command('deploy')
  .description('deploy it, for the Postgres of DATABASE_URL, and tell what to try')
  .action(deploy)
program.command('destroy').description('remove it, with its buckets').action(destroy)

async function deploy(): Promise<void> {
  const { stage } = program.opts<{ stage: string }>()
  const database = process.env.DATABASE_URL || program.error(noDatabase, { exitCode: 2 })
  if (!database.startsWith('postgres')) program.error(noPostgres, { exitCode: 2 })
  const stack = await deployLocally({ stage, database })
  const { AWS_ENDPOINT_URL } = process.env
  process.stdout.write(
    `
${stack.name} stands. Try:

  export AWS_ENDPOINT_URL=${AWS_ENDPOINT_URL} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  export AWS_REGION=us-east-1 AWS_S3_FORCE_PATH_STYLE=1
  aws s3 cp data/bronze/shop/customers.csv ${stack.lake}/bronze/shop/customers.csv
  # after some seconds (an idle LocalStack looks into a queue every ten):
  bin/sluice status --lake ${stack.lake} --database "$DATABASE_URL"
  bin/sluice doctor --stack ${stack.name}
`,
  )
}

const noPostgres =
  'sluice: DATABASE_URL: postgres://… is allowed: the free LocalStack has no RDS Data API'

const noDatabase =
  'sluice: DATABASE_URL is not set: the Postgres that the functions load into, as they reach it ' +
  '(from a LocalStack in Docker, this machine is host.docker.internal), for example ' +
  'DATABASE_URL=postgres://postgres:postgres@host.docker.internal:5432/postgres'

async function destroy(): Promise<void> {
  await destroyLocally(program.opts<{ stage: string }>().stage)
}

useLocalStack()
try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`sluice: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
