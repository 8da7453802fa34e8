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
  const client = new pg.Client(databaseUrl)
  await client.connect()
  try {
    await client.query(definitions(new URL(endpoint.url).port, endpoint.objects.token))
  } finally {
    await client.end()
  }
}

/**
 * A program for COPY … FROM PROGRAM: `read <what> <hex>` puts what the endpoint serves on stdout,
 * by bash's own /dev/tcp, since neither curl nor node can be counted on where Postgres runs. It
 * fails unless the answer is 200, so that COPY takes nothing of an answer that broke off.
 */
function program(port: string, token: string): string {
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

function definitions(port: string, token: string): string {
  // In a string of the shell's single quotes, within one of SQL's dollar quotes.
  const shell = program(port, token)
  return `
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
      $$ SELECT ROW(access_key, secret_key, session_token)::aws_commons._aws_credentials_1 $$;
    DROP TABLE IF EXISTS aws_s3.answer;
    CREATE UNLOGGED TABLE aws_s3.answer (line text);

    CREATE OR REPLACE FUNCTION aws_s3.table_import_from_s3(table_name text, column_list text,
      options text, bucket text, file_path text, region text, access_key text DEFAULT NULL,
      secret_key text DEFAULT NULL, session_token text DEFAULT NULL)
      RETURNS text LANGUAGE plpgsql AS $function$
      DECLARE
        shell CONSTANT text := $shell$${shell}$shell$;
        address CONSTANT text := encode(convert_to(json_build_object('bucket', bucket,
          'key', file_path, 'region', region, 'accessKey', access_key, 'secretKey', secret_key,
          'sessionToken', session_token, 'call', gen_random_uuid())::text, 'UTF8'), 'hex');
        size_script CONSTANT text := shell || format(
          ' get size %s && read -r size <&3 && printf "200 %%s\\n" "$size" || echo "$status"', address);
        body_script CONSTANT text := shell || format(
          ' get body %1$s && cat <&3 && exec 3<&- && get end %1$s', address);
        answer text;
        imported bigint;
      BEGIN
        EXECUTE format('COPY aws_s3.answer FROM PROGRAM %L (FORMAT csv)',
          'exec bash -c ''' || size_script || '''');
        DELETE FROM aws_s3.answer RETURNING line INTO answer;
        IF answer IS NULL OR answer !~ '^200 ' THEN
          RAISE EXCEPTION 'HTTP %. Check your arguments and try again.', answer
            USING ERRCODE = 'XX000', DETAIL = format('%s in bucket %s', file_path, bucket);
        END IF;
        EXECUTE format('COPY %s %s FROM PROGRAM %L %s', table_name,
          CASE WHEN column_list = '' THEN '' ELSE '(' || column_list || ')' END,
          'exec bash -c ''' || body_script || '''', options);
        GET DIAGNOSTICS imported = ROW_COUNT;
        RETURN format('%s rows imported into relation "%s" from file %s of %s bytes',
          imported, table_name, file_path, substr(answer, 5));
      EXCEPTION WHEN external_routine_exception THEN
        RAISE EXCEPTION '% could not be read to its end', file_path USING ERRCODE = SQLSTATE;
      END $function$;

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
}
