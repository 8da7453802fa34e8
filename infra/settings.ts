import type { App } from 'aws-cdk-lib'
import * as z from 'zod'

/** What `cdk deploy -c key=value` may say; defaults stand in cdk.json. */
const schema = z.object({
  /** dev, prod, …: the stack is `sluice-<stage>`. */
  stage: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
  /** The bucket's name; without one, CloudFormation makes it. */
  lake: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)
    .optional(),
  architecture: z.enum(['arm64', 'x86_64']),
  /** `url`: Postgres by a secret that holds its URL. `none`: no raw-ingestion. */
  database: z.enum(['url', 'none']),
  /** Of the secret; without it, `--parameters DatabaseSecret=arn:…` is asked for. */
  databaseSecret: z
    .string()
    .regex(/^arn:[^:]+:secretsmanager:.+-[A-Za-z0-9]{6}$/, 'must be the whole ARN of a secret')
    .optional(),
  /** ARN of the KMS key of the secret, where it is not that of AWS. */
  databaseKey: z
    .string()
    .regex(/^arn:[^:]+:kms:/)
    .optional(),
  /** Where the database can be reached only from inside: JSON. */
  vpc: z
    .preprocess(
      parsed,
      z.strictObject({
        id: z.string().regex(/^vpc-/),
        subnets: z.array(z.string().regex(/^subnet-/)).min(1),
        availabilityZones: z.array(z.string()).min(1),
        securityGroup: z.string().regex(/^sg-/),
      }),
    )
    .optional(),
  alarmEmail: z.email().optional(),
  /** What becomes of lake, stream and failed batches with the stack; `destroy` is for trials. */
  removal: z.enum(['retain', 'destroy']).default('retain'),
  /** How often a message is tried before it is a dead letter. */
  receives: z.coerce.number().int().min(1).max(1_000).optional(),
})

export type Settings = z.infer<typeof schema>

/**
 * Of a stage that is named in `stages` (cdk.context.json), what is kept there comes first: no
 * deployment forgets what an earlier one was told.
 *
 * @throws Error naming every key of the context that is not what it should be
 */
export function readSettings(app: App): Settings {
  const context = (key: string) => app.node.tryGetContext(key)
  const kept = context('stages')?.[context('stage')] ?? {}
  const given = Object.keys(schema.shape).map((key) => [key, kept[key] ?? context(key)])
  const found = schema.safeParse(Object.fromEntries(given.filter(([, value]) => value)))
  if (found.success) return found.data
  const wrong = found.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new Error(
    `context (cdk.json, or -c key=value): ${wrong.join('; ')}; see docs/operations.md`,
  )
}

/** What is no JSON stays text, which no schema takes. */
function parsed(value: unknown): unknown {
  try {
    return typeof value === 'string' ? JSON.parse(value) : value
  } catch {
    return value
  }
}
