import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** `npx cdk synth` as a user runs it, with the rules of cdk-nag and of CloudFormation. */
const root = join(import.meta.dirname, '..')
const bin = join(root, 'node_modules', '.bin')
const vpc = JSON.stringify({
  id: 'vpc-0a1b2c3d',
  subnets: ['subnet-0a1b2c3d'],
  availabilityZones: ['eu-west-1a'],
  securityGroup: 'sg-0a1b2c3d',
})
const given = (context: Record<string, string>) =>
  Object.entries(context).flatMap(([key, value]) => ['-c', `${key}=${value}`])
const contexts: Record<string, string[]> = {
  'as it is': [],
  'as a trial': given({ removal: 'destroy', acus: '8', alarmEmail: 'on-call@example.com' }),
  'with an Aurora that exists': given({
    cluster: 'arn:aws:rds:eu-west-1:123456789012:cluster:shop',
    databaseSecret: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbCdEf',
    databaseName: 'shop',
    dataApiEndpoint: 'http://127.0.0.1:8000',
  }),
  'with a database by URL': given({ database: 'url', vpc, alarmEmail: 'on-call@example.com' }),
  'without a database': given({ database: 'none', removal: 'destroy' }),
}

const folders = new Map<string, string>()
afterAll(() => {
  for (const folder of folders.values()) rmSync(folder, { recursive: true })
})

function synth(name: string, context: string[]): { status: number | null; said: string } {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-synth-'))
  folders.set(name, folder)
  const { status, stdout, stderr } = spawnSync(
    join(bin, 'cdk'),
    ['synth', '--quiet', '--output', folder, ...context],
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
    },
  )
  return { status, said: stdout + stderr }
}

describe.each(Object.entries(contexts))('cdk synth, %s', (name, context) => {
  let run: ReturnType<typeof synth>
  beforeAll(() => {
    run = synth(name, context)
  })

  it('ends well, and no rule of AwsSolutions, Serverless or CloudFormation finds anything', () => {
    expect(run.status, run.said).toBe(0)
    expect(run.said).not.toMatch(/^(ERROR|WARNING)/m)
  })

  it('is clean to cfn-lint', ({ skip }) => {
    const linter = cfnLint()
    if (!linter) {
      console.warn('SKIPPED: cfn-lint is not installed (pip install cfn-lint)')
      return skip()
    }
    const template = join(folders.get(name)!, 'sluice-dev.template.json')
    const { status, stdout, stderr } = spawnSync(linter, [template], { encoding: 'utf8' })
    expect(status, stdout + stderr).toBe(0)
  })
})

/** In CI it must be there: a missing one fails. */
function cfnLint(): string | undefined {
  if (process.env.CI) return 'cfn-lint'
  try {
    execFileSync('cfn-lint', ['--version'])
    return 'cfn-lint'
  } catch {
    return undefined
  }
}

it('gives the same template and the same assets each time', () => {
  synth('once more', [])
  const [one, other] = ['as it is', 'once more'].map((name) => {
    const folder = folders.get(name)!
    const files = readdirSync(folder).toSorted()
    const assets = files.filter((file) => file.startsWith('asset.'))
    return { assets, template: readFileSync(join(folder, 'sluice-dev.template.json'), 'utf8') }
  })
  expect(one).toEqual(other)
  expect(one?.assets.length).toBeGreaterThan(4)
})

it('asks for nothing of an account: no lookups, no region', () => {
  const manifest = readFileSync(join(folders.get('as it is')!, 'manifest.json'), 'utf8')
  expect(JSON.parse(manifest).missing).toBeUndefined()
  expect(manifest).toContain('aws://unknown-account/unknown-region')
})
