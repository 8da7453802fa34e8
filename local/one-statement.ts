import pg from 'pg'

/** Runs one statement on a server, or in a database of it, by a connection of its own. */
export async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
