import type { Database } from '../database/database.ts'
import { type Finding, findingsOf } from '../finding.ts'
import { identifier } from '../names.ts'

/**
 * Whether its user may have it fetch rows from S3, by Aurora's own extension. That the bucket lets
 * it is told by a first load alone: nothing lies there before.
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_PostgreSQL.S3Import.html
 */
export async function checkImport(area: string, database: Database): Promise<Finding> {
  const [found] = await database.query(
    `SELECT current_user AS "user",
       EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'aws_s3') AS "isOffered",
       EXISTS (SELECT 1 FROM pg_roles WHERE pg_has_role(oid, 'MEMBER')
         AND (rolsuper OR rolname = 'rds_superuser')) AS "mayMake",
       (SELECT bool_or(has_function_privilege(p.oid, 'EXECUTE')) FROM pg_proc p
          JOIN pg_namespace n ON n.oid = pronamespace
          WHERE nspname = 'aws_s3' AND proname = 'table_import_from_s3') AS "mayCall",
       (SELECT bool_and(has_schema_privilege(oid, 'USAGE')) FROM pg_namespace
          WHERE nspname IN ('aws_s3', 'aws_commons')) AS "mayUse"`,
  )
  return judgeImport(area, found as unknown as Import)
}

interface Import {
  user: string
  /** Whether the server has the extension, made in this database or not. */
  isOffered: boolean
  mayMake: boolean
  /** null where it was not made. */
  mayCall: boolean | null
  mayUse: boolean | null
}

export function judgeImport(area: string, found: Import): Finding {
  const say = findingsOf(area)
  const { user, isOffered, mayMake, mayCall, mayUse } = found
  const grants = importGrants.map((grant) => `${grant} TO ${identifier(user)};`).join(' ')
  if (mayCall && mayUse) {
    return say.ok(
      'import',
      'it may fetch rows from S3; a first load tells whether the bucket lets it',
    )
  }
  if (mayCall !== null) {
    return say.wrong('import', `user ${user} may not use aws_s3, by which rows are fetched`, grants)
  }
  const missing = 'the extension aws_s3, by which rows are fetched, is not there'
  if (!isOffered) {
    const cure = 'take an Aurora PostgreSQL; or name this Postgres by its URL: postgres://…'
    return say.wrong('import', `${missing}, and this Postgres has none`, cure)
  }
  if (mayMake) return say.ok('import', `${missing} yet: the first start makes it`)
  const cure = `as the master user: CREATE EXTENSION aws_s3 CASCADE; ${grants}`
  return say.wrong('import', `${missing}, and user ${user} may not make it`, cure)
}

const importGrants = [
  'GRANT USAGE ON SCHEMA aws_s3, aws_commons',
  'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA aws_s3, aws_commons',
]
