import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type pg from 'pg'
import { manifestKey } from '../core/commit/manifest.ts'
import { fieldNames } from './lineitem.ts'

/** A ledger of 100,000 objects and a million rejects, as a year of work might leave it. */

const OBJECTS = 100_000
/** Rejects of every fifth object, and of the one in the middle: a million in all. */
const [EACH, LARGE] = [40, 200_000]
/** Rows of one object that wait. */
const WAITING = 50_000

/** The object of very many rejects stands in the middle. */
export const large = keyOf(OBJECTS / 2)
/** Only the first object that has rejects at all has one of this rule, and a text like this. */
export const rare = { rule: 'geopoint-error', text: 'needle' }

/** `bronze/bench/lineitem/050000.csv`: two of twenty datasets have contracts, and all rejects. */
export function keyOf(n: number): string {
  return `bronze/bench/${tableOf(n)}/${String(n).padStart(6, '0')}.csv`
}

function tableOf(n: number): string {
  return n % 10 === 0 ? 'lineitem' : n % 5 === 0 ? 'keyed' : `t${n % 20}`
}

const table = `CASE WHEN n % 10 = 0 THEN 'lineitem' WHEN n % 5 = 0 THEN 'keyed'
  ELSE 't' || n % 20 END`

export async function fillLedger(client: pg.Client, lake: string): Promise<void> {
  await client.query(
    `INSERT INTO sluice.objects (lake, key, dataset, status, etag, size, modified, contract,
       loaded_etag, loaded_modified, records, accepted, rejected, labels, seconds, at)
     SELECT $1, 'bronze/bench/' || ${table} || '/' || lpad(n::text, 6, '0') || '.csv',
       'bench.' || ${table},
       CASE WHEN n % 50 = 1 THEN 'refused' WHEN n % 500 = 3 THEN 'held' ELSE 'loaded' END,
       md5(n::text), 1000 + n, now(), 'c0ffee', md5(n::text), now(), r + 1000, 1000, r,
       CASE WHEN r > 0 THEN $2::jsonb END, 0.05, now() - (${OBJECTS} - n) * interval '1 minute'
     FROM (SELECT n, CASE WHEN n = ${OBJECTS / 2} THEN ${LARGE} WHEN n % 5 = 0 THEN ${EACH}
       ELSE 0 END AS r FROM generate_series(1, ${OBJECTS}) AS n) AS g`,
    [lake, JSON.stringify(fieldNames)],
  )
  await client.query(rejectsSql)
  await client.query(rulesSql)
  await client.query(waitingSql)
  await client.query('VACUUM ANALYZE')
}

const line = `o.id || ',' || i || ',12x,1,17.00,21168.23,0.04,0.02,N,O,1996-03-13,1996-02-12,'
  || '1996-03-22,DELIVER IN PERSON,TRUCK,comment ' || md5(o.id || '-' || i)`

/** Of three kinds, as a rule or two each; no two are the same. */
const rejectsSql = `INSERT INTO sluice.rejects (object_id, record, line, raw, text, errors)
  SELECT id, i * 3, i * 3 + 1, convert_to(t, 'UTF8'), t, CASE
    WHEN id = 5 AND i = 7 THEN '[{"rule": "${rare.rule}", "field": "l_comment"}]'::jsonb
    WHEN i % 3 = 0 THEN jsonb_build_array(${errorOf('type-error', 'l_suppkey')})
    WHEN i % 3 = 1 THEN jsonb_build_array(${errorOf('type-error', 'l_tax')},
      ${errorOf('constraint-error', 'l_shipmode')})
    ELSE jsonb_build_array(${errorOf('primary-key', 'l_orderkey, l_linenumber')}) END
  FROM (SELECT o.id, i, ${line} || CASE WHEN o.id = 5 AND i = 7 THEN '${rare.text}' ELSE '' END AS t
    FROM sluice.objects o, generate_series(1, o.rejected) AS i WHERE o.rejected > 0) AS r`

function errorOf(rule: string, field: string): string {
  return `jsonb_build_object('rule', '${rule}', 'field', '${field}', 'value', i || 'x',
    'message', 'something else is expected of record ' || i)`
}

const rulesSql = `UPDATE sluice.objects o SET rules = r.rules FROM (
    SELECT object_id,
      jsonb_agg(jsonb_build_object('rule', rule, 'field', field, 'records', n)) AS rules
    FROM (SELECT object_id, e->>'rule' AS rule, e->>'field' AS field, count(*) AS n
      FROM sluice.rejects, jsonb_array_elements(errors) AS e GROUP BY 1, 2, 3) AS c
    GROUP BY object_id
  ) AS r WHERE r.object_id = o.id`

const waitingSql = `WITH child AS (
    UPDATE sluice.objects SET waiting = ${WAITING} WHERE id = 10 RETURNING id
  )
  INSERT INTO sluice.waiting (object_id, record, line, "row", missing)
  SELECT id, i, i + 1, jsonb_build_object('l_orderkey', i, 'l_comment', md5(i::text)),
    'bench.orders o_orderkey = ' || i FROM child, generate_series(1, ${WAITING}) AS i`

/** The manifests of the newest objects, as Silver has them. */
export function writeManifests(folder: string, newest: number): void {
  for (let n = OBJECTS; n > OBJECTS - newest; n--) {
    const [object, dataset] = [keyOf(n), `bench.${tableOf(n)}`]
    const counts = { size: 1000 + n, records: 1000, accepted: 1000, rejected: 0 }
    const seen = { etag: 'e', modified: new Date(0).toISOString(), contract: 'c0ffee' }
    const state = { object, dataset, status: 'loaded', ...seen, ...counts, standing: 'e' }
    const file = `silver/${dataset.replace('.', '/')}/${n}.parquet`
    const record = { id: 'x', epoch: 1, state, files: [file], writing: null, garbage: [] }
    const path = join(folder, manifestKey(dataset, object))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, JSON.stringify(record))
  }
}
