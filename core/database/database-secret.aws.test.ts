import { randomUUID } from 'node:crypto'
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readDatabaseSecret } from './database-secret.ts'

const away = !process.env.AWS_ENDPOINT_URL
if (away) console.warn('secrets are NOT tested: AWS_ENDPOINT_URL is not set (start LocalStack)')

const Name = `sluice-database-${randomUUID()}`

describe.skipIf(away)('with Secrets Manager', () => {
  const client = new SecretsManagerClient()
  let arn: string
  beforeAll(async () => {
    const SecretString = 'postgres://app:one@db.example/shop'
    arn = (await client.send(new CreateSecretCommand({ Name, SecretString }))).ARN ?? ''
  })
  afterAll(async () => {
    const id = { SecretId: arn, ForceDeleteWithoutRecovery: true }
    await client.send(new DeleteSecretCommand(id))
  })

  const put = (value: object) => client.send(new PutSecretValueCommand({ SecretId: arn, ...value }))

  test('the value that stands now is read, by ARN or name, each time', async () => {
    expect(await readDatabaseSecret(arn)).toBe('postgres://app:one@db.example/shop')
    expect(await readDatabaseSecret(Name)).toBe('postgres://app:one@db.example/shop')
    const rds = { username: 'app', password: 't/o', host: 'db.example', port: 1, dbname: 'shop' }
    await put({ SecretString: JSON.stringify(rds) })
    const url = 'postgres://app:t%2Fo@db.example:1/shop?sslmode=verify-full'
    expect(await readDatabaseSecret(arn)).toBe(url)
  })

  test('bytes are told from text', async () => {
    await put({ SecretBinary: Buffer.from('postgres://app:one@db.example/shop') })
    await expect(readDatabaseSecret(arn)).rejects.toThrow(`secret ${arn}: found bytes`)
  })

  test('a secret that is missing is named, with what to check', async () => {
    const reading = readDatabaseSecret(`${Name}-none`)
    await expect(reading).rejects.toThrow(
      new RegExp(`secret ${Name}-none cannot be read: .*secretsmanager:GetSecretValue`),
    )
  })
})
