import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { PipelineStack } from './pipeline-stack.ts'
import { readSettings } from './settings.ts'

type Json = Record<string, unknown>

export interface Resource {
  Type: string
  Properties: Json
  DeletionPolicy?: string
  DependsOn?: string | string[]
}

/** Bundles are not copied: only their names are looked at. */
const defaults = {
  stage: 'test',
  architecture: 'x86_64',
  database: 'url',
  'aws:cdk:disable-asset-staging': true,
}

/**
 * The template that a context gives: for the host's processor and a database by URL, unless it says
 * another.
 */
export class TestStack {
  readonly stack: PipelineStack
  readonly template: Template

  constructor(context: Record<string, unknown> = {}) {
    const outdir = mkdtempSync(join(tmpdir(), 'sluice-stack-'))
    try {
      const app = new App({ outdir, context: { ...defaults, ...context } })
      const settings = readSettings(app)
      this.stack = new PipelineStack(app, `sluice-${settings.stage}`, settings)
      this.template = Template.fromStack(this.stack)
    } finally {
      rmSync(outdir, { recursive: true })
    }
  }

  /** All resources of a type, by logical id. */
  all(type: string): Record<string, Resource> {
    return this.template.findResources(type) as Record<string, Resource>
  }

  /** The one whose logical id begins so. */
  one(type: string, id: string): Resource {
    const found = Object.entries(this.all(type)).filter(([name]) => name.startsWith(id))
    if (found.length !== 1) throw new Error(`${found.length} of ${type} are ${id}…`)
    return found[0]![1]
  }

  has(type: string, properties: Json): void {
    this.template.hasResourceProperties(type, Match.objectLike(properties))
  }

  /** Every statement of the policies of a role: `Silver`, `StreamAppend`. */
  statements(role: string): Statement[] {
    return Object.entries(this.all('AWS::IAM::Policy'))
      .filter(([id]) => id.startsWith(`${role}RoleDefaultPolicy`))
      .flatMap(([, { Properties }]) => statementsOf(Properties))
  }

  /** Those of the policies of its network's endpoints. */
  endpointStatements(): Statement[] {
    const endpoints = Object.values(this.all('AWS::EC2::VPCEndpoint'))
    return endpoints.flatMap(({ Properties }) => statementsOf(Properties))
  }

  /** Values of those outputs whose names are such. */
  outputs(names: RegExp): Json {
    const found = this.template.findOutputs('*') as Record<string, { Value: unknown }>
    const told = Object.entries(found).filter(([name]) => names.test(name))
    return Object.fromEntries(told.map(([name, { Value }]) => [name, Value]))
  }
}

export interface Statement {
  effect: string
  actions: string[]
  /** `Lake/bronze/*`: the logical id of what is meant, and the rest of its ARN. */
  resources: string[]
}

function statementsOf({ PolicyDocument }: Json): Statement[] {
  const { Statement } = PolicyDocument as { Statement: Json[] }
  return Statement.map(({ Effect, Action, Resource }) => ({
    effect: String(Effect),
    actions: [Action].flat().map(String),
    resources: [Resource].flat().map(arnOf),
  }))
}

/** Without the hash at the end of a logical id. */
function arnOf(resource: unknown): string {
  if (typeof resource === 'string') return resource
  const { Ref, ...functions } = resource as { Ref?: string; [name: string]: unknown }
  if (Ref) return plain(Ref)
  const [id] = (functions['Fn::GetAtt'] as string[] | undefined) ?? []
  if (id) return plain(id)
  const [between, parts] = functions['Fn::Join'] as [string, unknown[]]
  return parts.map(arnOf).join(between)
}

function plain(id: string): string {
  return id.replace(/[0-9A-F]{8}$/, '')
}
