import type { App } from 'aws-cdk-lib'
import * as z from 'zod'

/** What `cdk deploy -c key=value` may say; defaults stand in cdk.json. */
const keys = z.object({
  /** dev, prod, …: the stack is `sluice-<stage>`. */
  stage: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,30}$/, 'is a lower case letter, then up to 30 of a-z, 0-9 and -'),
  /** The bucket's name; without one, CloudFormation makes it. */
  lake: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
      'is the name of a bucket: 3 to 63 of a-z, 0-9, . and -, neither of the two at an end',
    )
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
  /** In Aurora; of one that the stack makes, AWS allows less (below). */
  databaseName: z
    .string()
    .regex(
      /^[A-Za-z_][\w-]{0,62}$/,
      'is a letter or an underscore, then letters, digits, underscores or hyphens, 63 in all',
    )
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
    .regex(/^arn:[^:]+:kms:/, 'must be the ARN of a KMS key')
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

/** What each stage was told, in cdk.context.json. */
const stages = z.record(z.string(), z.record(z.string(), z.unknown())).default({})

export type Settings = z.infer<typeof keys>
type Given = Record<string, unknown>

/**
 * Of a stage that is named in `stages` (cdk.context.json), what is kept there comes first: no
 * deployment forgets what an earlier one was told. What is not known, or set in vain, would be
 * believed, and is refused.
 *
 * @throws Error naming every key of the context that is not what it should be
 */
export function readSettings(app: App): Settings {
  const context = (key: string) => app.node.tryGetContext(key)
  const stage = context('stage')
  const all = stages.safeParse(context('stages'))
  if (!all.success) throw wrongContext(['stages: is {"<stage>": {"<key>": value, …}, …}'])
  const kept = all.data[stage] ?? {}
  const unknown = unknownKeys(kept).map((key) => `stages.${stage}.${key}: ${notKnown()}`)
  const given = givenOf(kept, context)
  const found = keys.safeParse(given)
  const wrong = found.success
    ? conflictsOf(found.data, given)
    : found.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  if (found.success && unknown.length + wrong.length === 0) return found.data
  throw wrongContext([...unknown, ...wrong])
}

function wrongContext(wrong: string[]): Error {
  const where = 'context (cdk.context.json, cdk.json, or -c key=value)'
  return new Error(`${where}: ${wrong.join('; ')}; see docs/operations.md`)
}

/** Which stage it is, nothing that is kept of it can say. */
const ofStage = Object.keys(keys.shape).filter((key) => key !== 'stage')

function unknownKeys(kept: Given): string[] {
  return Object.keys(kept).filter((key) => !ofStage.includes(key))
}

function notKnown(): string {
  return `is none of the settings of a stage, which are ${ofStage.join(', ')}`
}

/** Nothing stands for the default but what is not there, and `-c key=`. */
function givenOf(kept: Given, context: (key: string) => unknown): Given {
  const given = Object.keys(keys.shape).map((key) => [key, key in kept ? kept[key] : context(key)])
  return Object.fromEntries(given.filter(([, value]) => value !== undefined && value !== ''))
}

/** Each is right by itself. Defaults are not looked at: nobody has set them. */
function conflictsOf(settings: Settings, given: Given): string[] {
  const isAurora = settings.database === 'aurora'
  const isMade = isAurora && settings.cluster === undefined
  const hasLogin = settings.database === 'url' || (isAurora && !isMade)
  const aurora = isAurora || 'is of database=aurora'
  const login = hasLogin || 'is of database=url, or of a cluster that exists: say which'
  const needs: Record<string, true | string> = {
    ...{ cluster: aurora, databaseName: aurora, dataApiEndpoint: aurora },
    ...{ databaseSecret: login, databaseKey: login },
    acus: isMade || 'is of the Aurora that the stack makes: database=aurora, without cluster',
    vpc: settings.database === 'url' || 'is of database=url: the Data API needs none',
  }
  const inVain = Object.entries(needs).filter(([key, need]) => key in given && need !== true)
  return [
    ...inVain.map(([key, need]) => `${key}: ${need}`),
    ...(isMade ? nameConflicts(settings) : []),
    ...(isAurora && settings.cluster ? clusterConflicts(settings, settings.cluster) : []),
  ]
}

/**
 * A word that Postgres reserves is refused, too, but by AWS alone, which does not say which these
 * are: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
 */
function nameConflicts({ databaseName }: Settings): string[] {
  if (/^[A-Za-z]\w*$/.test(databaseName)) return []
  return ['databaseName: of a new Aurora is a letter, then letters, digits or underscores']
}

/**
 * The Data API of one region takes both, each of 100 characters at most:
 * https://docs.aws.amazon.com/rdsdataservice/latest/APIReference/API_ExecuteStatement.html
 */
function clusterConflicts({ databaseSecret: secret }: Settings, cluster: string): string[] {
  if (!secret) return ['databaseSecret: set it to the ARN of the secret with the login of cluster']
  const [of, its] = [cluster, secret].map((arn) => arn.split(':')[3])
  const long = Object.entries({ cluster, databaseSecret: secret }).filter(([, a]) => a.length > 100)
  return [
    ...(of === its ? [] : [`databaseSecret: is in ${its}, and cluster in ${of}: one region`]),
    ...long.map(([key, { length }]) => {
      const cure = key === 'cluster' ? '' : '; not the secret that RDS manages: one of your own'
      return `${key}: has ${length} characters, and the Data API takes 100${cure}`
    }),
  ]
}

/** What is no JSON stays text, which no schema takes. */
function parsed(value: unknown): unknown {
  try {
    return typeof value === 'string' ? JSON.parse(value) : value
  } catch {
    return value
  }
}
