import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { localPostgres, removeLocalPostgres } from '../local/postgres.ts'
import { type Closing, makeAurora, makePlaces } from './places.fixture.ts'
import { covers, isAllowed, type Need, type Places, rights } from './policy.fixture.ts'
import { architecture, bundleOf, RecordedFunction, type Role } from './recorded.fixture.ts'
import { Scenario } from './scenario.fixture.ts'
import { TestStack } from './stack.fixture.ts'

const away = !process.env.AWS_ENDPOINT_URL
if (away) console.warn('policies are NOT tested: AWS_ENDPOINT_URL is not set (start LocalStack)')

/** A descriptor is one of three files, and those of the bundle are all of one form. */
const otherForms = ['s3:GetObject', 's3:PutObject'].flatMap((action) =>
  ['bronze', 'streaming'].flatMap((root) =>
    ['yml', 'json'].map((form): Need => `${action} Lake/${root}/*/datapackage.${form}` as Need),
  ),
)

interface Case {
  name: string
  stack: TestStack
  roles: Role[]
  /** Of the URL of a Postgres server: what the stack's resources are besides, by logical id. */
  placesOf: (server: string, closing: Closing) => Promise<Places>
  run: (scenario: Scenario) => Promise<void>
  /** What the scenario does not come to, and why it is allowed. */
  spare: Partial<Record<Role, Need[]>>
}

const cases: Case[] = [
  {
    name: 'Postgres by URL',
    stack: new TestStack({ architecture }),
    roles: Object.keys(bundleOf) as Role[],
    placesOf: async () => ({}),
    run: (scenario) => scenario.run(),
    spare: {
      // Files of a stream of more than 16 MiB: of one commit hardly, of what is merged often.
      StreamAppend: [
        's3:AbortMultipartUpload Lake/streaming_results/*',
        's3:AbortMultipartUpload Lake/quarantine/*',
      ],
      Maintenance: ['s3:AbortMultipartUpload Lake/streaming_results/*'],
      Setup: otherForms,
    },
  },
  {
    name: 'Aurora',
    stack: new TestStack({ architecture, database: 'aurora' }),
    roles: ['RawIngestion', 'Setup'],
    placesOf: makeAurora,
    run: (scenario) => scenario.runStaged(),
    spare: {
      // An upload that fails.
      RawIngestion: ['s3:AbortMultipartUpload Lake/staging/*'],
      // A set-up that fails.
      Setup: ['rds-data:RollbackTransaction AuroraCluster', ...otherForms],
    },
  },
]

/**
 * LocalStack asks nobody's policy. So every function runs as it is deployed, through all that its
 * work can be; what it asked for is compared with what its role may do on AWS.
 */
describe.skipIf(away).each(cases)('a function, with $name', ({ stack, roles, ...given }) => {
  const home = mkdtempSync(join(tmpdir(), 'sluice-policy-'))
  const closing: Closing = []
  const functions = {} as Record<Role, RecordedFunction>

  beforeAll(async () => {
    const postgres = await localPostgres(home, { durable: false })
    closing.push(() => removeLocalPostgres(home), postgres.release)
    const places = {
      ...(await makePlaces(postgres.url, closing)),
      ...(await given.placesOf(postgres.url, closing)),
    }
    for (const role of roles) {
      functions[role] = new RecordedFunction(stack, role, places)
      closing.push(() => functions[role].close())
    }
    await given.run(new Scenario(functions, places))
  })
  afterAll(async () => {
    for (const close of closing.toReversed()) await close()
    rmSync(home, { recursive: true, force: true })
  })

  it.each(roles)('%s may do all that it asks for', (role) => {
    const { needs, kept } = functions[role]
    const statements = stack.statements(role)
    const denied = [...needs.work, ...needs.check].filter((need) => !isAllowed(statements, need))
    expect(denied).toEqual([])
    expect(needs.work.size).toBeGreaterThan(3)
    expect(kept, 'answers that were to be lost').toEqual([])
  })

  it.each(roles)(
    '%s may do nothing more with objects and Aurora but what is listed here',
    (role) => {
      const work = [...functions[role].needs.work]
      const unused = rights(stack.statements(role), 'Allow')
        .filter((right) => / (Lake(\/|$)|Aurora)/.test(right))
        .filter((right) => !work.some((need) => covers(right, need)))
      expect(unused.toSorted()).toEqual((given.spare[role] ?? []).toSorted())
    },
  )
})

it.each<[Need, boolean]>([
  ['s3:GetObject Lake/bronze/a/b.csv', true],
  ['s3:getobject Lake/bronze/', true],
  ['s3:GetObject Lake/bronzed', false],
  ['s3:GetObject Other/bronze/a', false],
  ['s3:GetObjectVersion Lake/bronze/a', false],
  ['s3:GetObject Lake/bronze/no/a', false],
])('a policy is read as AWS does: %s, %s', (need, expected) => {
  const of = (effect: string, ...resources: string[]) => {
    return { effect, actions: ['s3:GetObject'], resources }
  }
  const statements = [of('Allow', 'Queue', 'Lake/bronze/*'), of('Deny', 'Lake/*/no/*')]
  expect(isAllowed(statements, need)).toBe(expected)
})
