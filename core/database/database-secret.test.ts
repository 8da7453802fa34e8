import pg from 'pg'
import { expect, test } from 'vitest'
import { parseDatabaseSecret } from './database-secret.ts'

const id = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbCdEf'
const parse = (value: string | Uint8Array | undefined) => parseDatabaseSecret(id, value)
const rds = { username: 'app', password: 'geheim', host: 'db.example', port: 5432, dbname: 'shop' }

test.each([
  'postgres://app:geheim@db.example:5432/shop',
  'postgresql://app:g%40heim@db.example/shop?sslmode=no-verify',
])('a URL stays as it is: %s', (url) => {
  expect(parse(url)).toBe(url)
  expect(parse(`${url}\n`)).toBe(url)
})

test.each([
  [{}],
  [{ port: '6543', engine: 'aurora-postgresql', masterarn: 'arn:aws:…', other: null }],
  [{ password: ' :/?#[]@!$&\'()*+,;=%41"\\{}é€😀' }],
  [{ username: 'a:b@c/d%', password: '%', dbname: "my shop/2&3=4+5'é%20" }],
  [{ host: '::1' }],
])("RDS' JSON becomes a URL that node-postgres reads back: %j", (changed) => {
  const said = { ...rds, ...changed }
  const client = new pg.Client(parse(JSON.stringify(said)))
  const { user, password, host, port, database } = client
  expect({ username: user, password, host, port, dbname: database }).toEqual({
    ...{ username: said.username, password: said.password, host: said.host },
    ...{ port: Number(said.port), dbname: said.dbname },
  })
})

test("RDS' JSON asks for TLS with verification; its port is 5432 by default", () => {
  const client = new pg.Client(parse(JSON.stringify({ ...rds, port: undefined })))
  expect(client.port).toBe(5432)
  // What is handed to tls.connect: nothing that would turn its verification off.
  expect(client.ssl).toEqual({})
})

const without = (name: string) => JSON.stringify({ ...rds, [name]: undefined })
const having = (changed: object) => JSON.stringify({ ...rds, ...changed })

test.each<[string | Uint8Array | undefined, string]>([
  [undefined, 'found nothing;'],
  [new Uint8Array([1, 2]), 'found bytes;'],
  ['', 'found neither JSON nor a URL of Postgres;'],
  ['geheim', 'found neither JSON nor a URL of Postgres;'],
  ['mysql://app:geheim@db.example/shop', 'found neither JSON nor a URL of Postgres;'],
  ['"postgres://app:geheim@db.example/shop"', 'found neither JSON nor a URL of Postgres;'],
  ['["geheim"]', 'found neither JSON nor a URL of Postgres;'],
  ['postgres://app:gehe/im@db.example/shop', 'found a URL that cannot be read;'],
  ['postgres://app:geheim%@db.example/shop', 'found a URL that cannot be read;'],
  ['postgres:///shop', 'found a URL that cannot be read;'],
  ['{"username": "app", "password": geheim}', 'found JSON that cannot be read;'],
  [without('username'), 'found JSON in which username expected string, received undefined;'],
  [without('password'), 'found JSON in which password expected string, received undefined;'],
  [without('host'), 'found JSON in which host expected string, received undefined;'],
  [without('dbname'), 'found JSON in which dbname expected string, received undefined;'],
  ['{"username": "app", "password": "geheim"}', 'host expected string, received undefined, dbname'],
  [having({ host: '' }), 'found JSON in which host is empty;'],
  [
    having({ password: ['geheim'] }),
    'found JSON in which password expected string, received array',
  ],
  [having({ port: 'geheim' }), 'found JSON in which port is no number;'],
  [having({ port: 0 }), 'found JSON in which port'],
  [having({ dbname: 'geheim?' }), 'found JSON in which dbname has a ? or #;'],
  [having({ engine: 'mysql' }), 'found JSON in which engine is not Postgres;'],
])('%j is refused: the secret, what was found and what is allowed are told', (value, found) => {
  let thrown: unknown
  try {
    parse(value)
  } catch (error) {
    thrown = error
  }
  const { message, cause } = thrown as Error
  expect(message).toContain(`secret ${id}: found `)
  expect(message).toContain(found)
  expect(message).toContain('allowed is a URL postgres://user:password@host:port/database')
  expect(cause).toBe(undefined)
  expect(message).not.toMatch(/gehe|mysql|db\.example/)
})
