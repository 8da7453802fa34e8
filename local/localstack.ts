import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type DeployedStack, readStack } from '../core/doctor/deployed.ts'
import { Refused } from '../core/errors.ts'

/** The stack on LocalStack: `cdklocal`, and what LocalStack's free edition leaves out. */

export type LocalDeployment = LocalDatabase & {
  /** `sluice-<stage>` is the stack's name. */
  stage: string
  /** What else `cdk deploy -c key=value` may say. */
  context?: Record<string, string>
  /** Keeps what cdklocal says for the error, instead of telling it at once. */
  quiet?: boolean
}

/** Postgres by its URL, or what answers as the RDS Data API, as the functions reach it. */
type LocalDatabase = { database: string } | { dataApi: LocalDataApi }

export interface LocalDataApi {
  /** URL of what answers in the place of AWS: the free LocalStack has no RDS. */
  endpoint: string
  /** ARNs that it takes. */
  cluster: string
  secret: string
  /** Of the database. */
  name: string
}

const root = join(import.meta.dirname, '..')

/** What every program needs to find LocalStack instead of AWS; what is set already stays. */
export function useLocalStack(): void {
  const endpoint = process.env.AWS_ENDPOINT_URL ?? 'http://127.0.0.1:4566'
  const needed = {
    AWS_ENDPOINT_URL: endpoint,
    // Without it, cdklocal asks for a bucket by a host name that may not resolve.
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_S3_FORCE_PATH_STYLE: '1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
  }
  for (const [name, value] of Object.entries(needed)) process.env[name] ??= value
}

/**
 * Bootstraps, deploys and sets up; a stack that stands is updated.
 *
 * @throws Refused where no LocalStack answers; Error where a step fails
 */
export async function deployLocally(deployment: LocalDeployment): Promise<DeployedStack> {
  const { stage, context = {}, quiet = false } = deployment
  await mustAnswer()
  const told = { ...(await contextOf(deployment)), ...context }
  await cdklocal(['bootstrap'], stage, told, quiet)
  await cdklocal(['deploy', '--require-approval', 'never'], stage, told, quiet)
  const stack = await readStack(`sluice-${stage}`)
  await setUp(stack)
  return stack
}

/** @returns what the stack has to be told of its database, whose default is an Aurora of its own */
async function contextOf(deployment: LocalDeployment): Promise<Record<string, string>> {
  if ('database' in deployment) {
    const { stage, database } = deployment
    return { database: 'url', databaseSecret: await keepSecret(stage, database) }
  }
  const { endpoint, cluster, secret, name } = deployment.dataApi
  return {
    ...{ database: 'aurora', cluster, databaseSecret: secret, databaseName: name },
    dataApiEndpoint: endpoint,
  }
}

/** Removes the stack with all that is in its buckets. */
export async function destroyLocally(stage: string, quiet = false): Promise<void> {
  await mustAnswer()
  const stack = await readStack(`sluice-${stage}`)
  for (const bucket of [stack.lake, stack.failedBatches]) await emptyBucket(bucket)
  await cdklocal(['destroy', '--force'], stage, { database: 'none' }, quiet)
  await removeSecrets(stage)
  rmSync(outputOf(stage), { recursive: true, force: true })
}

/** Where CDK puts the template and the bundles, 300 MB of them. */
function outputOf(stage: string): string {
  return join(root, '.sluice', `cdk-${stage}`)
}

async function mustAnswer(): Promise<void> {
  const endpoint = process.env.AWS_ENDPOINT_URL ?? ''
  const answer = await fetch(`${endpoint}/_localstack/health`).catch(() => undefined)
  if (answer?.ok) return
  throw new Refused(
    `no LocalStack answers at ${endpoint}; start it with: docker run --rm -p 4566:4566 ` +
      '-v /var/run/docker.sock:/var/run/docker.sock localstack/localstack:4.14.0 ' +
      '(newer images ask for a token), or set AWS_ENDPOINT_URL',
  )
}

/**
 * Another database is another secret: functions that run keep what they have read, and are started
 * anew for another ARN only.
 *
 * @returns the ARN of the secret that holds the URL
 */
async function keepSecret(stage: string, value: string): Promise<string> {
  const { SecretsManager } = await import('@aws-sdk/client-secrets-manager')
  const client = new SecretsManager()
  const name = `${secretsOf(stage)}${createHash('sha256').update(value).digest('hex').slice(0, 8)}`
  try {
    const found = await client.describeSecret({ SecretId: name })
    return found.ARN ?? name
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ResourceNotFoundException') throw error
    const made = await client.createSecret({ Name: name, SecretString: value })
    return made.ARN ?? name
  } finally {
    client.destroy()
  }
}

function secretsOf(stage: string): string {
  return `sluice/${stage}/database/`
}

async function removeSecrets(stage: string): Promise<void> {
  const { SecretsManager } = await import('@aws-sdk/client-secrets-manager')
  const client = new SecretsManager()
  const { SecretList = [] } = await client.listSecrets({
    Filters: [{ Key: 'name', Values: [secretsOf(stage)] }],
  })
  for (const { ARN } of SecretList) {
    await client.deleteSecret({ SecretId: ARN, ForceDeleteWithoutRecovery: true })
  }
  client.destroy()
}

/** Node of this repository first, so that cdk's app runs on it. */
async function cdklocal(
  command: string[],
  stage: string,
  context: Record<string, string>,
  quiet: boolean,
): Promise<void> {
  const bin = join(root, 'node_modules', '.bin')
  const output = outputOf(stage)
  mkdirSync(output, { recursive: true })
  const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64'
  const told = Object.entries({ stage, architecture, removal: 'destroy', ...context })
  const settings = told.flatMap(([key, value]) => ['-c', `${key}=${value}`])
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` }
  const child = spawn(join(bin, 'cdklocal'), [...command, ...settings, '--output', output], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => (quiet ? lines.push(bytes) : process.stderr.write(bytes)))
  }
  const [code] = await once(child, 'close')
  if (code === 0) return
  const said = Buffer.concat(lines).toString().slice(-4_000)
  throw new Error(`cdklocal ${command[0]} ended with ${code}${said && `:\n${said}`}`)
}

/** CloudFormation calls it by itself on AWS; the free LocalStack has no custom resources. */
async function setUp({ setup }: DeployedStack): Promise<void> {
  if (!setup) return
  const { Lambda } = await import('@aws-sdk/client-lambda')
  const client = new Lambda()
  const request = JSON.stringify({ RequestType: 'Update' })
  const { FunctionError, Payload } = await client
    .invoke({ FunctionName: setup.function, Payload: Buffer.from(request) })
    .finally(() => client.destroy())
  if (FunctionError) throw new Error(`set-up failed: ${Buffer.from(Payload ?? []).toString()}`)
}

/** Old versions and delete markers, too: a bucket with any of them is not deleted. */
async function emptyBucket(url: string): Promise<void> {
  const { S3 } = await import('@aws-sdk/client-s3')
  const client = new S3({ forcePathStyle: true })
  const Bucket = url.slice('s3://'.length)
  for (;;) {
    const { Versions = [], DeleteMarkers = [] } = await client.listObjectVersions({ Bucket })
    const found = [...Versions, ...DeleteMarkers]
    if (found.length === 0) break
    const Objects = found.map(({ Key, VersionId }) => ({ Key, VersionId }))
    await client.deleteObjects({ Bucket, Delete: { Objects } })
  }
  client.destroy()
}
