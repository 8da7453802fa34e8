import pg from 'pg'
import type { DataApiEndpoint } from './endpoint.ts'

/**
 * Makes `aws_s3.table_import_from_s3` and `aws_commons` with the signatures of
 * USER_PostgreSQL.S3Import.Reference in a database. They read objects through the endpoint, which
 * must be on the server's machine and live as long as they are used; a bucket may also be the
 * `file:///…` URL of a folder. The server's machine needs bash, and the role must be a superuser.
 *
 * @param databaseUrl of the database, of a superuser
 */
export async function installAwsS3(databaseUrl: string, endpoint: DataApiEndpoint): Promise<void> {
  const program = programOf(new URL(endpoint.url).port, endpoint.objects.token)
  const client = new pg.Client(databaseUrl)
  await client.connect()
  try {
    await client.query([commons, importFunction(program), otherForms].join(';'))
  } finally {
    await client.end()
  }
}

/**
 * A script that `get <what> <hex>` goes on from: it asks the endpoint, leaves the answer's body at
 * descriptor 3 and its status in `$status`, and fails unless that is 200. It needs bash alone, for
 * /dev/tcp, since neither curl nor node can be counted on where Postgres runs; and it has no single
 * quote, as it stands within some.
 */
function programOf(port: string, token: string): string {
  return [
    'cr=$(printf "\\r");',
    'get() {',
    `exec 3<>/dev/tcp/127.0.0.1/${port} || return 9;`,
    `printf "GET /objects/${token}/%s/$2 HTTP/1.0\\r\\n\\r\\n" "$1" >&3;`,
    'read -r _ status _ <&3 || return 9;',
    'while IFS=$cr read -r line && [ -n "$line" ]; do :; done <&3;',
    '[ "$status" = 200 ];',
    '};',
  ].join(' ')
}

const commons = `
  CREATE SCHEMA IF NOT EXISTS aws_commons;
  CREATE SCHEMA IF NOT EXISTS aws_s3;
  DROP TYPE IF EXISTS aws_commons._s3_uri_1, aws_commons._aws_credentials_1 CASCADE;
  CREATE TYPE aws_commons._s3_uri_1 AS (bucket text, file_path text, region text);
  CREATE TYPE aws_commons._aws_credentials_1 AS
    (access_key text, secret_key text, session_token text);
  CREATE FUNCTION aws_commons.create_s3_uri(s3_bucket text, s3_key text, aws_region text)
    RETURNS aws_commons._s3_uri_1 LANGUAGE sql IMMUTABLE AS
    $$ SELECT ROW(s3_bucket, s3_key, aws_region)::aws_commons._s3_uri_1 $$;
  CREATE FUNCTION aws_commons.create_aws_credentials
    (access_key text, secret_key text, session_token text)
    RETURNS aws_commons._aws_credentials_1 LANGUAGE sql IMMUTABLE AS
    $$ SELECT ROW(access_key, secret_key, session_token)::aws_commons._aws_credentials_1 $$`

/**
 * What is raw text to AWS (the table, its columns, COPY's options) is raw here; the rest goes to
 * the program as hex. What AWS says of an object that is not there is not documented.
 */
function importFunction(program: string): string {
  return `
  CREATE OR REPLACE FUNCTION aws_s3.ask(script text) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE
      answer text;
    BEGIN
      CREATE TEMPORARY TABLE aws_s3_answer (line text);
      EXECUTE format('COPY aws_s3_answer FROM PROGRAM %L (FORMAT csv)',
        'exec bash -c ''' || script || '''');
      SELECT line INTO answer FROM aws_s3_answer;
      DROP TABLE aws_s3_answer;
      RETURN coalesce(answer, '');
    END $$;

  CREATE OR REPLACE FUNCTION aws_s3.table_import_from_s3(table_name text, column_list text,
    options text, bucket text, file_path text, region text, access_key text DEFAULT NULL,
    secret_key text DEFAULT NULL, session_token text DEFAULT NULL)
    RETURNS text LANGUAGE plpgsql AS $function$
    DECLARE
      program CONSTANT text := $program$${program}$program$;
      address CONSTANT text := encode(convert_to(json_build_object('bucket', bucket,
        'key', file_path, 'region', region, 'accessKey', access_key, 'secretKey', secret_key,
        'sessionToken', session_token, 'call', gen_random_uuid())::text, 'UTF8'), 'hex');
      size text := aws_s3.ask(program || ' get size ' || address ||
        ' && read -r size <&3 && echo "$size bytes" || echo "$status"');
      ending text;
      imported bigint;
    BEGIN
      IF size NOT LIKE '% bytes' THEN
        RAISE EXCEPTION 'HTTP %. Check your arguments and try again.', size
          USING ERRCODE = 'XX000', DETAIL = format('%s in bucket %s', file_path, bucket);
      END IF;
      EXECUTE format('COPY %s %s FROM PROGRAM %L %s', table_name,
        CASE WHEN column_list = '' THEN '' ELSE '(' || column_list || ')' END,
        'exec bash -c ''' || program || ' get body ' || address ||
          ' && cat <&3 && exec 3<&- && get end ' || address || '''', options);
      GET DIAGNOSTICS imported = ROW_COUNT;
      RETURN format('%s rows imported into relation "%s" from file %s of %s',
        imported, table_name, file_path, size);
    EXCEPTION WHEN OTHERS THEN
      -- An object that breaks off within a record looks as if its data were bad.
      ending := aws_s3.ask(program || ' get end ' || address || '; echo "$status"');
      IF SQLSTATE <> '38000' AND ending IN ('200', '404') THEN RAISE; END IF;
      RAISE EXCEPTION '% could not be read to its end', file_path USING ERRCODE = '38000';
    END $function$`
}

const otherForms = `
  CREATE OR REPLACE FUNCTION aws_s3.table_import_from_s3(table_name text, column_list text,
    options text, s3_info aws_commons._s3_uri_1) RETURNS text LANGUAGE sql AS $$
    SELECT aws_s3.table_import_from_s3(table_name, column_list, options,
      s3_info.bucket, s3_info.file_path, s3_info.region) $$;
  CREATE OR REPLACE FUNCTION aws_s3.table_import_from_s3(table_name text, column_list text,
    options text, s3_info aws_commons._s3_uri_1, credentials aws_commons._aws_credentials_1)
    RETURNS text LANGUAGE sql AS $$
    SELECT aws_s3.table_import_from_s3(table_name, column_list, options,
      s3_info.bucket, s3_info.file_path, s3_info.region,
      credentials.access_key, credentials.secret_key, credentials.session_token) $$`
