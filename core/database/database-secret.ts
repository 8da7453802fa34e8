import * as z from 'zod'

/** The database's URL, as a secret of AWS Secrets Manager keeps it. */

/**
 * Reads the secret anew each time it is called: that happens at a cold start, and when the password
 * that was read before is refused.
 *
 * @param id the secret's ARN or name
 * @returns `postgres://…`
 * @throws where the secret cannot be read, or holds something else; never with a part of its value
 */
export async function readDatabaseSecret(id: string): Promise<string> {
  // Loaded here, so that a function without a secret does not pay for it.
  const { SecretsProvider } = await import('@aws-lambda-powertools/parameters/secrets')
  const provider = new SecretsProvider({ clientConfig: { requestHandler: timeouts } })
  const found = await provider.get(id).catch((cause: Error) => {
    throw new Error(`secret ${id} cannot be read: ${cause.message.replace(/\.$/, '')}; ${cure}`, {
      cause,
    })
  })
  return parseDatabaseSecret(id, found)
}

/** In a network without a way to the service, its client would wait until the function's end. */
const timeouts = { connectionTimeout: 3_000, socketTimeout: 5_000 }

const cure =
  "the function's role must allow secretsmanager:GetSecretValue, and its network must reach " +
  'Secrets Manager (a VPC endpoint or a NAT gateway)'

const text = z.string().min(1, 'is empty')

/**
 * What RDS, Aurora and CDK write. A name of a database with `?` or `#` cannot be said in a URL that
 * node-postgres understands.
 */
const rds = z.object({
  engine: z
    .string()
    .regex(/postgres/i, 'is not Postgres')
    .optional(),
  username: text,
  password: text,
  host: text,
  port: z.coerce.number('is no number').int().min(1).max(65_535).default(5432),
  dbname: text.regex(/^[^?#]*$/, 'has a ? or #'),
})

const allowed =
  'a URL postgres://user:password@host:port/database with its parts percent-encoded, or ' +
  "RDS' JSON {username, password, host, port, dbname}"

/**
 * `{"username": "u", "password": "p/w", "host": "db", "port": 5432, "dbname": "shop"}` →
 * `postgres://u:p%2Fw@db:5432/shop?sslmode=verify-full`; a URL says itself whether it wants TLS.
 *
 * @param value what Secrets Manager answered: text, bytes, or nothing
 * @throws Error that names the secret and the kind of what was found, without a `cause`: those of
 *   JSON and URL quote what they read
 */
export function parseDatabaseSecret(id: string, value: string | Uint8Array | undefined): string {
  const wrong = (found: string) => new Error(`secret ${id}: found ${found}; allowed is ${allowed}`)
  if (value === undefined) throw wrong('nothing')
  if (typeof value !== 'string') throw wrong('bytes')
  const trimmed = value.trim()
  if (trimmed.startsWith('{')) {
    const json = jsonOf(trimmed)
    if (json === undefined) throw wrong('JSON that cannot be read')
    const parsed = rds.safeParse(json)
    if (parsed.success) return urlOf(parsed.data)
    const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`)
    throw wrong(`JSON in which ${issues.join(', ')}`.replaceAll('Invalid input: ', ''))
  }
  if (!/^postgres(ql)?:\/\//.test(trimmed)) throw wrong('neither JSON nor a URL of Postgres')
  if (!isUsable(trimmed)) throw wrong('a URL that cannot be read')
  return trimmed
}

function jsonOf(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}

/** `verify-full`: with the certificates of NODE_EXTRA_CA_CERTS, and for the very host. */
function urlOf({ username, password, host, port, dbname }: z.infer<typeof rds>): string {
  const login = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`
  // node-postgres reads the name by decodeURI, which leaves encoded what encodeURI does not encode.
  const place = `${encodeURIComponent(host)}:${port}/${encodeURI(dbname)}`
  return `postgres://${login}@${place}?sslmode=verify-full`
}

function isUsable(value: string): boolean {
  try {
    const { username, password, hostname } = new URL(value)
    return [username, password, hostname].map(decodeURIComponent)[2] !== ''
  } catch {
    return false
  }
}
