import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { TestStack } from './stack.fixture.ts'

/**
 * Every permission of the whole stack, of whatever resource gives it, as plain data in
 * granted.json: one that is added, or gone, is told by name. What a function's own are used for,
 * and that each is, policy.aws.test.ts says.
 */

const stacks: Record<string, TestStack> = {
  aurora: new TestStack({ database: 'aurora', alarmEmail: 'on-call@example.com' }),
  url: new TestStack(),
  none: new TestStack({ database: 'none', removal: 'destroy' }),
}
const granted = JSON.parse(readFileSync(join(import.meta.dirname, 'granted.json'), 'utf8'))

describe.each(Object.entries(stacks))('of the stack with the database %s', (name, stack) => {
  it('each permission is one of those that are listed', () => {
    const found = grantsOf(stack)
    const listed = granted[name] as string[]
    expect(
      found.filter((one) => !listed.includes(one)),
      'more than is listed',
    ).toEqual([])
    expect(
      listed.filter((one) => !found.includes(one)),
      'less than is listed',
    ).toEqual([])
  })

  it('none is of all actions or all resources, and none is given to everybody', () => {
    const wide = / Allow (\S+:)?\* | Allow \S+ \*( |$)/
    expect(grantsOf(stack).filter((one) => wide.test(one))).toEqual([])
    const open = grantsOf(stack).filter((one) => / Allow .* to \*$/.test(one))
    // What the endpoint lets through, Aurora's own role has to allow, too.
    expect(open.filter((one) => !one.startsWith('AuroraNetworkS3'))).toEqual([])
  })
})

type Json = Record<string, unknown>

/** `SilverRoleDefaultPolicy: Allow s3:GetObject Lake/bronze/*`, and to whom, where it is said. */
function grantsOf(stack: TestStack): string[] {
  const { Resources } = stack.template.toJSON() as { Resources: Record<string, Json> }
  const found = Object.entries(Resources).flatMap(([id, { Type, Properties = {} }]) => {
    const of = Properties as Json
    const documents = [of.PolicyDocument, of.AssumeRolePolicyDocument, of.KeyPolicy]
    const inline = [of.Policies].flat().filter(Boolean) as Json[]
    const statements = [...documents, ...inline.map((one) => one.PolicyDocument)]
      .filter(Boolean)
      .flatMap((document) => (document as { Statement: Json[] }).Statement)
    const managed = [of.ManagedPolicyArns].flat().filter(Boolean)
    return [
      ...statements.flatMap(grants),
      ...managed.map((arn) => `Allow all of ${told(arn)}`),
      ...(Type === 'AWS::Lambda::Permission' ? [invokes(of)] : []),
    ].map((grant) => `${told({ Ref: id })}: ${grant}`)
  })
  return [...new Set(found)].toSorted()
}

function grants({ Effect, Action, Resource, Principal, Condition }: Json): string[] {
  const to = Principal === undefined ? '' : ` to ${whom(Principal)}`
  const where = Condition === undefined ? '' : ` if ${told(Condition)}`
  return [Action]
    .flat()
    .flatMap((action) =>
      [Resource ?? 'it'].flat().map((one) => `${Effect} ${action} ${told(one)}${where}${to}`),
    )
}

function invokes({ Action, Principal, FunctionName, SourceArn }: Json): string {
  return `Allow ${Action} ${told(FunctionName)} from ${told(SourceArn)} to ${told(Principal)}`
}

function whom(principal: unknown): string {
  if (typeof principal === 'string') return principal
  return Object.values(principal as Json)
    .map(told)
    .join()
}

/** What CloudFormation's functions name, without the hashes of logical ids. */
function told(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return value.map(told).join()
  const { Ref, 'Fn::GetAtt': got, 'Fn::Join': joined, ...rest } = value as Json
  if (Ref !== undefined) return String(Ref).replace(/[0-9A-F]{8}$/, '')
  if (got) return String([got].flat()[0]).replace(/[0-9A-F]{8}$/, '')
  if (joined) return (joined as [string, unknown[]])[1].map(told).join((joined as [string])[0])
  return Object.entries(rest)
    .map(([name, one]) => `${name} ${told(one)}`)
    .join(' ')
}
