import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'

/**
 * `node faults/naive-csv.ts LAKE` loads bronze/random as many a script does: lines are cut at
 * commas, a name is pasted into SQL, and what the database does not want is passed over. It is here
 * to be found out.
 */
const [lake = ''] = process.argv.slice(2)
const folder = join(lake, 'bronze/random')
const client = new pg.Client(process.env.DATABASE_URL)
await client.connect()
await client.query(`CREATE SCHEMA random; CREATE SCHEMA sluice;
  CREATE TABLE sluice.objects (id int, key text, status text, reason text);
  CREATE TABLE sluice.rejects (object_id int, record int, line int, raw bytea)`)
for (const file of readdirSync(folder).filter((name) => name.endsWith('.csv'))) {
  const table = `random.${file.replace('.csv', '')}`
  await client.query(`CREATE TABLE ${table} (a text, b text, c text)`)
  const lines = readFileSync(join(folder, file), 'utf8').trim().split('\n').slice(1)
  for (const line of lines) {
    const cells = line.split(',')
    await client
      .query(`INSERT INTO ${table} VALUES ('${cells.join("','")}')`)
      .catch(() => undefined)
  }
}
await client.end()
