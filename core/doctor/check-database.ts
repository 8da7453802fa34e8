import type { Contract } from '../contract/contract.ts'
import type { Database } from '../database/database.ts'
import { ledgerAdditions, ledgerTables } from '../database/ledger-tables.ts'
import { ensureTable, forgetTables, tableOf } from '../database/table.ts'
import { Refused } from '../errors.ts'
import { type Finding, findingsOf, messageOf } from '../finding.ts'
import { identifier } from '../names.ts'
import { checkImport } from './check-import.ts'

/** Whether the database can be reached, and holds what the contracts need. Nothing is made. */

/** @param contracts those of Bronze: each is one table */
export async function checkDatabase(
  area: string,
  database: Database,
  contracts: Contract[],
): Promise<Finding[]> {
  const say = findingsOf(area)
  try {
    const reached = await reach(area, database)
    const ledger = await checkLedger(area, database)
    const tables = await checkTables(area, database, contracts)
    const rights = await checkRights(area, database, contracts)
    const fetching = database.fetches ? [await checkImport(area, database)] : []
    return [reached, ...ledger, ...tables, rights, ...fetching]
  } catch (error) {
    const [found, cure] = [messageOf(error), cureOfFault(error)]
    // Who has no login to AWS has not asked the database.
    const isUnasked = ofLogin.test((error as Error).name)
    return [isUnasked ? say.unknown('database', found, cure) : say.wrong('database', found, cure)]
  }
}

async function reach(area: string, database: Database): Promise<Finding> {
  const started = performance.now()
  const [row] = await database.query(
    `SELECT current_user AS "user", current_database() AS name,
       current_setting('server_version') AS version`,
  )
  const ms = Math.round(performance.now() - started)
  const told = `Postgres ${row?.version}, user ${row?.user}, database ${row?.name}, ${ms} ms`
  return findingsOf(area).ok('database', told)
}

const names = [...ledgerTables.matchAll(/CREATE TABLE IF NOT EXISTS (sluice\.\w+)/g)].map(
  ([, name]) => name!,
)

/** Whether a table came with a later version. */
function isAddition(name: string): boolean {
  const first = ['objects', 'rejects', 'due'].map((table) => `sluice.${table}`)
  return ledgerAdditions.some(
    (added) => name === `sluice.${added.split('.')[0]}` && !first.includes(name),
  )
}

async function checkLedger(area: string, database: Database): Promise<Finding[]> {
  const say = findingsOf(area)
  const sql = 'SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL'
  const missing = (await database.query(sql, [names])).map(({ name }) => name as string)
  if (missing.length === 0) return [say.ok('ledger', `its ${names.length} tables are there`)]
  // All are made together, and looked for by the last one.
  if (missing.includes('sluice.due')) {
    return [say.ok('ledger', 'not there yet: the first start makes it')]
  }
  if (missing.every((name) => isAddition(name))) {
    const told = `an earlier Sluice has made it, without ${missing.join(', ')}`
    return [say.ok('ledger', `${told}: the next start adds what is missing`)]
  }
  const cure = 'put them back from a backup: the ledger alone knows what is loaded'
  return [say.wrong('ledger', `missing: ${missing.join(', ')}`, cure)]
}

async function checkTables(
  area: string,
  database: Database,
  contracts: Contract[],
): Promise<Finding[]> {
  const say = findingsOf(area)
  const missing = await missingTables(database, contracts)
  const there = contracts.filter((contract) => !missing.includes(tableOf(contract)))
  const wrong: Finding[] = []
  for (const contract of there) {
    const found = await misfit(database, contract)
    if (found) wrong.push(say.wrong('tables', found.what, found.cure))
  }
  const told = `${there.length - wrong.length} as their contracts say`
  const rest =
    missing.length === 0 ? '' : `; ${missing.length} not there yet: a first load makes it`
  return [...wrong, ...(wrong.length > 0 ? [] : [say.ok('tables', told + rest)])]
}

async function missingTables(database: Database, contracts: Contract[]): Promise<string[]> {
  const sql = 'SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL'
  return (await database.query(sql, [contracts.map(tableOf)])).map(({ name }) => name as string)
}

/** The very comparison of the stage, where Postgres itself forbids it to make anything. */
async function misfit(
  database: Database,
  contract: Contract,
): Promise<{ what: string; cure: string } | undefined> {
  forgetTables()
  try {
    await database.transaction(async (tx) => {
      await tx.execute('SET TRANSACTION READ ONLY')
      await ensureTable(tx, contract)
    })
    return undefined
  } catch (error) {
    const [, what, cure] = /^(.+); run: (.+)$/s.exec((error as Error).message) ?? []
    if (what === undefined || cure === undefined) throw error
    return { what, cure }
  } finally {
    forgetTables()
  }
}

/** What the stage does with tables that are there, and where it makes those that are not. */
async function checkRights(
  area: string,
  database: Database,
  contracts: Contract[],
): Promise<Finding> {
  const say = findingsOf(area)
  const tables = await database.query(
    `SELECT name, string_agg(what, ', ') AS missing
     FROM unnest($1::text[]) AS name, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS what
     WHERE NOT has_table_privilege(to_regclass(name), what) GROUP BY name ORDER BY name`,
    [[...names, ...contracts.map(tableOf)]],
  )
  const absent = [...names, ...(await missingTables(database, contracts))]
  const schemas = await database.query(
    `SELECT DISTINCT n.nspname AS name, current_database() AS database, current_user AS "user"
     FROM unnest($1::text[], $2::text[]) AS t (name, schema)
     LEFT JOIN pg_namespace n ON n.nspname = t.schema
     WHERE to_regclass(t.name) IS NULL AND NOT CASE WHEN n.oid IS NULL
       THEN has_database_privilege(current_database(), 'CREATE')
       ELSE has_schema_privilege(n.oid, 'CREATE') END`,
    [absent, absent.map((name) => schemaIn(name, contracts))],
  )
  const grants = [
    ...tables.map(({ name, missing }) => `GRANT ${missing} ON ${name}`),
    ...schemas.map(({ name, database: whole }) =>
      name === null
        ? `GRANT CREATE ON DATABASE ${identifier(String(whole))}`
        : `GRANT CREATE ON SCHEMA ${identifier(String(name))}`,
    ),
  ]
  if (grants.length === 0) return say.ok('rights', 'its user may do what a load does')
  const [who] = await database.query('SELECT current_user AS "user"')
  const user = String(who?.user)
  const cure = grants.map((grant) => `${grant} TO ${identifier(user)};`).join(' ')
  return say.wrong('rights', `user ${user} may not do all that a load does`, cure)
}

function schemaIn(name: string, contracts: Contract[]): string {
  return contracts.find((contract) => tableOf(contract) === name)?.schema ?? 'sluice'
}

/** What is wrong by its name, by the code of the system, of Postgres, or of what was read. */
export function cureOfFault(error: unknown): string {
  if (error instanceof Refused) return 'name it as that says'
  return knownCure(error) ?? 'read the message; the log of Postgres may say more'
}

/** The same, only where there is one. */
export function knownCure(error: unknown): string | undefined {
  const { name = '', code = '', message = '' } = error as NodeJS.ErrnoException
  const known = faults.find(([pattern]) => pattern.test(`${name} ${code} ${message}`))
  return known?.[1]
}

/** Of whoever asks AWS. */
const ofLogin = /^(CredentialsProviderError|ExpiredToken|UnrecognizedClient|InvalidSignature)/

/** The first that fits; those of the RDS Data API have a name, and come first. */
const faults: [RegExp, string][] = [
  [ofLogin, 'log in to AWS (aws sso login), or set AWS_PROFILE'],
  [
    /^HttpEndpointNotEnabled/,
    "turn the cluster's Data API on (aws rds enable-http-endpoint --resource-arn <its ARN>); " +
      'where it is on, mend the ARN: its case counts, too',
  ],
  [
    /^(AccessDenied|Forbidden)/,
    'allow rds-data:ExecuteStatement, BeginTransaction, CommitTransaction and ' +
      'RollbackTransaction on the cluster, and secretsmanager:GetSecretValue on its secret ' +
      '(kms:Decrypt on a key of its own): docs/aurora.md, Rights',
  ],
  [
    /^DatabaseNotFound/,
    'the cluster has no instance: give it a writer (aws rds create-db-instance)',
  ],
  [/^DatabaseUnavailable/, 'its writer is away, as in a failover: run this again in a minute'],
  [/^DatabaseResuming/, 'it wakes from 0 ACUs, in half a minute or so: run this again'],
  [
    /^InvalidSecret/,
    'put user and password into the secret: {"username": "…", "password": "…"}, as RDS does',
  ],
  [
    /^SecretsError/,
    "mend the secret's ARN (the whole of it, in the cluster's region and account), and allow " +
      'kms:Decrypt where it has a key of its own',
  ],
  [/^StatementTimeout/, 'it is busy, or has few ACUs (context acus): run this again'],
  [
    /^BadRequest/,
    'mend the ARN of the cluster (…:cluster:<name>, none of an instance), or the name of the ' +
      'database: the outputs of the stack have both',
  ],
  [/ENOTFOUND.*rds-data\./, "no such region, or no network: mend the region in the cluster's ARN"],
  [/secret/i, 'check the secret, and that the function may read it: docs/operations.md, Deploy'],
  [/ENOTFOUND|EAI_AGAIN/, 'no such host: mend it in the URL, or in the secret'],
  [/ECONNREFUSED/, 'start Postgres there, or mend host and port in the URL or the secret'],
  [
    /ETIMEDOUT|EHOSTUNREACH|timeout/i,
    "no way there: check the security group, and the function's subnets (context vpc)",
  ],
  [/28P01|28000/, 'mend user and password (and pg_hba.conf) in the URL or the secret'],
  [
    /3D000/,
    'make the database (CREATE DATABASE), or mend its name in the URL, the secret or DATABASE_NAME',
  ],
  [/53300/, 'too many connections: raise max_connections, or lower SLUICE_CONNECTIONS'],
  [/57P03/, 'it is starting: run this again'],
  [/42501/, 'GRANT the user USAGE on that schema'],
  [/certificate|SSL|TLS/i, 'name its certificates by NODE_EXTRA_CA_CERTS, or set sslmode'],
]
