import type { App } from 'aws-cdk-lib'
import * as z from 'zod'

/** What `cdk deploy -c key=value` may say; defaults stand in cdk.json. */
const keys = z.object({
  /** dev, prod, …: the stack is `sluice-<stage>`. */
  stage: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
  /** The bucket's name; without one, CloudFormation makes it. */
  lake: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)
    .optional(),
  architecture: z.enum(['arm64', 'x86_64']),
  /**
   * `aurora`: Aurora PostgreSQL by its Data API, which the stack makes, or `cluster` names. `url`:
   * Postgres by a secret that holds its URL. `none`: no raw-ingestion.
   */
  database: z.enum(['aurora', 'url', 'none']),
  /** At most so many of Aurora's capacity units at once, each 2 GiB and a quarter of a core. */
  acus: z.coerce.number().multipleOf(0.5).min(1).max(256).default(4),
  /** Of an Aurora that exists, with its Data API on. */
  cluster: z
    .string()
    .regex(/^arn:[^:]+:rds:[^:]+:[0-9]+:cluster:[^:]+$/, 'must be the whole ARN of a cluster')
    .optional(),
  /** In Aurora. */
  databaseName: z
    .string()
    .regex(/^[A-Za-z_][\w-]{0,62}$/)
    .default('sluice'),
  /** Of the Data API, where it is not AWS' own: an emulator's. */
  dataApiEndpoint: z.url({ protocol: /^https?$/ }).optional(),
  /**
   * Of the secret: for `url`, without it, `--parameters DatabaseSecret=arn:…` is asked for; for
   * `cluster`, that of its login.
   */
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

/** What is set in vain would be believed: above all a database that is not the one that is used. */
const schema = keys.superRefine((all, context) => {
  const { database, cluster, databaseSecret, databaseKey, vpc, dataApiEndpoint } = all
  const made = database === 'aurora' && !cluster
  const wrong = {
    cluster: cluster && database !== 'aurora' && 'is of database=aurora',
    databaseSecret:
      (cluster && !databaseSecret && 'must be the login of cluster') ||
      (made && databaseSecret && 'is of database=url, or of a cluster that exists: say which'),
    databaseKey: made && databaseKey && 'is of a databaseSecret',
    vpc: vpc && database === 'aurora' && 'is of database=url: the Data API needs none',
    dataApiEndpoint: dataApiEndpoint && database !== 'aurora' && 'is of database=aurora',
  }
  for (const [key, message] of Object.entries(wrong)) {
    if (message) context.addIssue({ code: 'custom', path: [key], message })
  }
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
  const given = Object.keys(keys.shape).map((key) => [key, kept[key] ?? context(key)])
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
